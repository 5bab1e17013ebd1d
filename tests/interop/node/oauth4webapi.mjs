// oauth4webapi, every step by hand, and as a resource server that validates access tokens (RFC 9068).
import * as oauth from 'oauth4webapi'

import { altered, asking, configuration, failure, report, visit } from './dialogue.mjs'

const issuer = new URL(configuration.issuer)

const discover = async (algorithm) => {
  const response = await oauth.discoveryRequest(issuer, { algorithm })
  return oauth.processDiscoveryResponse(issuer, response)
}

const server = await discover('oauth2')

const authorizationUrl = async (application, verifier, state) => {
  const url = new URL(server.authorization_endpoint)
  const challenge = await oauth.calculatePKCECodeChallenge(verifier)
  const { client_id } = application
  const parameters = asking(application, challenge, { client_id, response_type: 'code', state })
  url.search = new URLSearchParams(parameters)
  return url
}

const exchange = async (application, client, authentication) => {
  const verifier = oauth.generateRandomCodeVerifier()
  const state = oauth.generateRandomState()
  const arrived = await visit(await authorizationUrl(application, verifier, state))
  const validate = async (url) => oauth.validateAuthResponse(server, client, url, state)
  const refused = {
    otherIssuer: await failure(validate(altered(arrived, 'iss', 'https://other.example'))),
    noIssuer: await failure(validate(altered(arrived, 'iss', null))),
    otherState: await failure(validate(altered(arrived, 'state', 'forged'))),
  }
  const parameters = await validate(arrived)
  const redeem = () =>
    oauth.authorizationCodeGrantRequest(
      server, client, authentication, parameters, application.redirect_uri, verifier,
    )
  const tokens = await oauth.processAuthorizationCodeResponse(server, client, await redeem())
  return { refused, tokens, redeem }
}

const refresh = async (client, authentication, token) => {
  const response = await oauth.refreshTokenGrantRequest(server, client, authentication, token)
  return oauth.processRefreshTokenResponse(server, client, response)
}

const introspect = async (client, authentication, token) => {
  const response = await oauth.introspectionRequest(server, client, authentication, token)
  return oauth.processIntrospectionResponse(server, client, response)
}

const userInfo = async (client, token, subject) => {
  const response = await oauth.userInfoRequest(server, client, token)
  return oauth.processUserInfoResponse(server, client, subject, response)
}

const claims = (token, audience) => {
  const request = new Request(audience, { headers: { authorization: `Bearer ${token}` } })
  return oauth.validateJwtAccessToken(server, request, audience)
}

const web = async (application) => {
  const client = { client_id: application.client_id }
  const authentication = oauth.ClientSecretBasic(application.client_secret)
  const { refused, tokens, redeem } = await exchange(application, client, authentication)
  const validated = await claims(tokens.access_token, application.audience)
  const introspected = await introspect(client, authentication, tokens.access_token)
  const person = await userInfo(client, tokens.access_token, validated.sub)
  const refreshed = await refresh(client, authentication, tokens.refresh_token)
  const revocation = await oauth.revocationRequest(
    server, client, authentication, refreshed.access_token,
  )
  await oauth.processRevocationResponse(revocation)
  const revoked = await introspect(client, authentication, refreshed.access_token)
  const again = await failure(
    redeem().then((response) => oauth.processAuthorizationCodeResponse(server, client, response)),
  )
  return {
    refused, tokens, validated, introspected, person, refreshed, revoked,
    secondUse: {
      code: again,
      refresh: await failure(refresh(client, authentication, refreshed.refresh_token)),
    },
  }
}

const publicly = async (application) => {
  const client = { client_id: application.client_id }
  const { tokens } = await exchange(application, client, oauth.None())
  return { tokens, refreshed: await refresh(client, oauth.None(), tokens.refresh_token) }
}

const service = async (application, authenticate) => {
  const client = { client_id: application.client_id }
  const response = await oauth.clientCredentialsGrantRequest(
    server, client, authenticate(application.client_secret), { scope: 'read' },
  )
  const tokens = await oauth.processClientCredentialsResponse(server, client, response)
  return { tokens, validated: await claims(tokens.access_token, application.audience) }
}

report({
  metadata: server,
  openidMetadata: await discover('oidc'),
  web: await web(configuration.web),
  public: await publicly(configuration.public),
  basic: await service(configuration.basic, oauth.ClientSecretBasic),
  post: await service(configuration.post, oauth.ClientSecretPost),
})
