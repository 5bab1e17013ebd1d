// The MCP SDK's auth(), as its transports call it for a server that they know only the URL of.
import { auth, extractWWWAuthenticateParams } from '@modelcontextprotocol/sdk/client/auth.js'

import { configuration, report, visit } from './dialogue.mjs'

const { resource } = configuration

class Provider {
  asked = []
  scopes = []

  constructor(client) {
    this.redirectUrl = client.home
    this.clientMetadataUrl = client.document
    this.clientMetadata = {
      client_name: 'MCP client', redirect_uris: [client.home], ...client.metadata,
    }
  }
  state() { return 'state of an MCP client' }
  clientInformation() { return this.client }
  saveClientInformation(client) { this.client = client }
  tokens() { return this.saved }
  saveTokens(tokens) {
    this.saved = tokens
    this.scopes.push(tokens.scope)
  }
  codeVerifier() { return this.verifier }
  saveCodeVerifier(verifier) { this.verifier = verifier }
  async redirectToAuthorization(url) {
    this.asked.push(Object.fromEntries(url.searchParams))
    this.arrived = await visit(url)
  }
}

const request = (method, tokens) => {
  const headers = tokens ? { authorization: `Bearer ${tokens.access_token}` } : {}
  return fetch(resource, { method, headers, body: method === 'POST' ? '{}' : undefined })
}

const authorize = async (provider, response) => {
  const { resourceMetadataUrl, scope } = extractWWWAuthenticateParams(response)
  const options = { serverUrl: resource, resourceMetadataUrl, scope }
  const before = await auth(provider, options)
  const authorizationCode = provider.arrived.searchParams.get('code')
  return [before, await auth(provider, { ...options, authorizationCode })]
}

const use = async (client) => {
  const provider = new Provider(client)
  const outcomes = await authorize(provider, await request('GET'))
  const read = await (await request('GET', provider.saved)).json()
  const before = provider.saved.refresh_token
  outcomes.push(await auth(provider, { serverUrl: resource }))
  const again = await (await request('GET', provider.saved)).json()
  return {
    client: provider.client, asked: provider.asked, scopes: provider.scopes, outcomes, read, again,
    rotated: provider.saved.refresh_token !== before,
  }
}

const used = {}
for (const [name, client] of Object.entries(configuration.clients)) used[name] = await use(client)
report(used)
