// openid-client with everything pushed and every token bound to a key: a web application, a native
// one, and a device without a browser.
import * as client from 'openid-client'

import { asking, configuration, failure, report, visit } from './dialogue.mjs'

const issuer = new URL(configuration.issuer)

const discover = ({ client_id, client_secret }) =>
  client.discovery(
    issuer, client_id, client_secret,
    client_secret ? client.ClientSecretBasic(client_secret) : client.None(),
  )

const bind = async (config) => ({
  DPoP: client.getDPoPHandle(config, await client.randomDPoPKeyPair('ES256')),
})

const use = async (config, bound, tokens) => {
  const claims = tokens.claims()
  const person = await client.fetchUserInfo(config, tokens.access_token, claims.sub, bound)
  const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token, {}, bound)
  const other = await bind(config)
  return {
    tokens, claims, person, refreshed,
    stolen: await failure(client.fetchUserInfo(config, refreshed.access_token, claims.sub, other)),
    bare: await failure(client.fetchUserInfo(config, refreshed.access_token, claims.sub)),
    otherKey: await failure(
      client.refreshTokenGrant(config, refreshed.refresh_token, {}, other),
    ),
  }
}

const signIn = async (application) => {
  const config = await discover(application)
  const bound = await bind(config)
  const verifier = client.randomPKCECodeVerifier()
  const [state, nonce] = [client.randomState(), client.randomNonce()]
  const challenge = await client.calculatePKCECodeChallenge(verifier)
  const parameters = asking(application, challenge, { state, nonce })
  const url = await client.buildAuthorizationUrlWithPAR(config, parameters, bound)
  const arrived = await visit(url, application.redirect_uri)
  const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce }
  const tokens = await client.authorizationCodeGrant(config, arrived, checks, {}, bound)
  return { asked: [...url.searchParams.keys()].sort(), ...(await use(config, bound, tokens)) }
}

const connect = async (application) => {
  const config = await discover(application)
  const bound = await bind(config)
  const begun = await client.initiateDeviceAuthorization(config, { scope: application.scope })
  await visit(new URL(begun.verification_uri_complete), begun.verification_uri)
  const tokens = await client.pollDeviceAuthorizationGrant(config, begun, {}, bound)
  return use(config, bound, tokens)
}

report({
  web: await signIn(configuration.web),
  native: await signIn(configuration.native),
  device: await connect(configuration.device),
})
