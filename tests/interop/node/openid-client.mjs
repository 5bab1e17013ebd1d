// openid-client, as an application uses it: a confidential web application, a public one, a service.
import * as client from 'openid-client'

import { altered, asking, configuration, failure, report, visit } from './dialogue.mjs'

const issuer = new URL(configuration.issuer)
const oauth2 = { algorithm: 'oauth2' }

const discover = ({ client_id, client_secret }, authentication) =>
  client.discovery(issuer, client_id, client_secret, authentication, oauth2)

const beginning = async (config, application) => {
  const verifier = client.randomPKCECodeVerifier()
  const state = client.randomState()
  const challenge = await client.calculatePKCECodeChallenge(verifier)
  const parameters = asking(application, challenge, { state })
  const url = client.buildAuthorizationUrl(config, parameters)
  return { url, checks: { pkceCodeVerifier: verifier, expectedState: state } }
}

const signIn = async (config, application) => {
  const { url, checks } = await beginning(config, application)
  const arrived = await visit(url)
  return { arrived, checks }
}

const web = async (application) => {
  const config = await discover(application, client.ClientSecretBasic(application.client_secret))
  const { arrived, checks } = await signIn(config, application)
  const exchange = (url) => client.authorizationCodeGrant(config, url, checks)
  const refused = {
    otherIssuer: await failure(exchange(altered(arrived, 'iss', 'https://other.example'))),
    noIssuer: await failure(exchange(altered(arrived, 'iss', null))),
    otherState: await failure(exchange(altered(arrived, 'state', 'forged'))),
  }
  const tokens = await exchange(arrived)
  const introspected = await client.tokenIntrospection(config, tokens.access_token)
  const person = await client.fetchUserInfo(config, tokens.access_token, introspected.sub)
  const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token)
  await client.tokenRevocation(config, refreshed.refresh_token)
  return {
    metadata: config.serverMetadata(),
    supportsPKCE: config.serverMetadata().supportsPKCE(),
    refused,
    tokens,
    introspected,
    person,
    refreshed,
    afterRevocation: {
      introspected: await client.tokenIntrospection(config, refreshed.access_token),
      refresh: await failure(client.refreshTokenGrant(config, refreshed.refresh_token)),
    },
  }
}

const publicly = async (application) => {
  const config = await discover(application, client.None())
  const { arrived, checks } = await signIn(config, application)
  const tokens = await client.authorizationCodeGrant(config, arrived, checks)
  const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token)
  return { tokens, refreshed }
}

const service = async (application) => {
  const ways = { basic: client.ClientSecretBasic, post: client.ClientSecretPost }
  const way = ways[application.way](application.client_secret)
  const config = await discover(application, way)
  return client.clientCredentialsGrant(config, { scope: 'read' })
}

report({
  web: await web(configuration.web),
  public: await publicly(configuration.public),
  basic: await service({ ...configuration.basic, way: 'basic' }),
  post: await service({ ...configuration.post, way: 'post' }),
})
