// oauth4webapi, every step by hand, with everything pushed and every token bound to a key: a web
// application that proves itself by a key as well, a native one, and a device without a browser.
import * as oauth from 'oauth4webapi'

import { asking, configuration, failure, report, visit } from './dialogue.mjs'

const issuer = new URL(configuration.issuer)
const server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer))

const importKey = (jwk) =>
  crypto.subtle.importKey('jwk', jwk, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign'])

const authenticate = async ({ private_jwk: jwk }) =>
  jwk ? oauth.PrivateKeyJwt({ key: await importKey(jwk), kid: jwk.kid }) : oauth.None()

const party = async (application) => {
  const client = { client_id: application.client_id }
  const DPoP = oauth.DPoP(client, await oauth.generateKeyPair('ES256'))
  return { application, client, authentication: await authenticate(application), bound: { DPoP } }
}

// The server wants a nonce of its own, and the first request cannot have one (RFC 9449 section 8).
let nonces = 0
const withNonce = async (send, process) => {
  try {
    return await process(await send())
  } catch (error) {
    if (!oauth.isDPoPNonceError(error)) throw error
    nonces += 1
    return process(await send())
  }
}

const refresh = ({ client, authentication }, bound, token) =>
  withNonce(
    () => oauth.refreshTokenGrantRequest(server, client, authentication, token, bound),
    (response) => oauth.processRefreshTokenResponse(server, client, response),
  )

const use = async (self, tokens) => {
  const { client, bound } = self
  const { sub } = oauth.getValidatedIdTokenClaims(tokens)
  const person = await withNonce(
    () => oauth.userInfoRequest(server, client, tokens.access_token, bound),
    (response) => oauth.processUserInfoResponse(server, client, sub, response),
  )
  const refreshed = await refresh(self, bound, tokens.refresh_token)
  const other = { DPoP: oauth.DPoP(client, await oauth.generateKeyPair('ES256')) }
  return {
    tokens, claims: oauth.getValidatedIdTokenClaims(tokens), person, refreshed,
    otherKey: await failure(refresh(self, other, refreshed.refresh_token)),
  }
}

const signIn = async (self) => {
  const { application, client, authentication, bound } = self
  const verifier = oauth.generateRandomCodeVerifier()
  const [state, nonce] = [oauth.generateRandomState(), oauth.generateRandomNonce()]
  const challenge = await oauth.calculatePKCECodeChallenge(verifier)
  const parameters = asking(application, challenge, { response_type: 'code', state, nonce })
  const pushed = await withNonce(
    () => oauth.pushedAuthorizationRequest(server, client, authentication, parameters, bound),
    (response) => oauth.processPushedAuthorizationResponse(server, client, response),
  )
  const url = new URL(server.authorization_endpoint)
  url.search = new URLSearchParams({ ...client, request_uri: pushed.request_uri })
  const arrived = await visit(url, application.redirect_uri)
  const told = oauth.validateAuthResponse(server, client, arrived, state)
  const tokens = await withNonce(
    () => oauth.authorizationCodeGrantRequest(
      server, client, authentication, told, application.redirect_uri, verifier, bound,
    ),
    (response) => oauth.processAuthorizationCodeResponse(
      server, client, response, { expectedNonce: nonce },
    ),
  )
  return { asked: [...url.searchParams.keys()].sort(), ...(await use(self, tokens)) }
}

const connect = async (self) => {
  const { application, client, authentication, bound } = self
  const begun = await oauth.processDeviceAuthorizationResponse(
    server, client,
    await oauth.deviceAuthorizationRequest(
      server, client, authentication, { scope: application.scope },
    ),
  )
  await visit(new URL(begun.verification_uri_complete), begun.verification_uri)
  const tokens = await withNonce(
    () => oauth.deviceCodeGrantRequest(server, client, authentication, begun.device_code, bound),
    (response) => oauth.processDeviceCodeResponse(server, client, response),
  )
  return use(self, tokens)
}

const result = {
  web: await signIn(await party(configuration.web)),
  native: await signIn(await party(configuration.native)),
  device: await connect(await party(configuration.device)),
}
report({ ...result, nonces })
