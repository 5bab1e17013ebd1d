// openid-client as a relying party: it validates every ID token by OpenID Connect Core 3.1.3.7.
import * as client from 'openid-client'

import { altered, asking, configuration, failure, report, visit } from './dialogue.mjs'

const issuer = new URL(configuration.issuer)

const discover = (application) =>
  client.discovery(
    issuer,
    application.client_id,
    {
      client_secret: application.client_secret,
      id_token_signed_response_alg: application.id_token_signed_response_alg,
      userinfo_signed_response_alg: application.userinfo_signed_response_alg,
    },
    client.ClientSecretBasic(application.client_secret),
  )

const beginning = async (config, application, more) => {
  const verifier = client.randomPKCECodeVerifier()
  const state = client.randomState()
  const nonce = client.randomNonce()
  const challenge = await client.calculatePKCECodeChallenge(verifier)
  const parameters = asking(application, challenge, { state, nonce, ...more })
  const url = client.buildAuthorizationUrl(config, parameters)
  return { url, checks: { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce } }
}

const signIn = async (config, application, more = {}, alsoChecked = {}) => {
  const { url, checks } = await beginning(config, application, more)
  const arrived = await visit(url)
  return client.authorizationCodeGrant(config, arrived, { ...checks, ...alsoChecked })
}

const web = async (application) => {
  const config = await discover(application)
  const tokens = await signIn(config, application, { max_age: '600' }, { maxAge: 600 })
  const claims = tokens.claims()
  const person = await client.fetchUserInfo(config, tokens.access_token, claims.sub)
  const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token)
  const silent = await signIn(
    config, application, { prompt: 'none', id_token_hint: tokens.id_token },
  )
  return {
    metadata: config.serverMetadata(),
    claims,
    person,
    refreshed: refreshed.claims(),
    silent: silent.claims(),
    goodbye: client.buildEndSessionUrl(config, {
      id_token_hint: tokens.id_token,
      post_logout_redirect_uri: application.goodbye,
      state: 'the end',
    }).href,
  }
}

const forbidden = async (application) => {
  const config = await discover(application)
  const { url, checks } = await beginning(config, application, {})
  const arrived = await visit(url)
  const exchange = (more) =>
    failure(client.authorizationCodeGrant(config, arrived, { ...checks, ...more }))
  return {
    otherNonce: await exchange({ expectedNonce: 'another' }),
    otherState: await failure(
      client.authorizationCodeGrant(config, altered(arrived, 'state', 'x'), checks),
    ),
  }
}

report({
  web: await web(configuration.web),
  signed: await web(configuration.signed),
  forbidden: await forbidden(configuration.web),
})
