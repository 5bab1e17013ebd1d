// The dialogue with the test: a line of JSON in each direction. First comes the configuration;
// `visit` asks for a browser and is told where it ended; `report` says what the client got.
import { createInterface } from 'node:readline'

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()

const receive = async () => JSON.parse((await lines.next()).value)

const send = (message) => process.stdout.write(`${JSON.stringify(message)}\n`)

export const configuration = await receive()

export const visit = async (url, home = url.searchParams.get('redirect_uri')) => {
  send({ visit: url.href, home })
  return new URL((await receive()).arrived)
}

export const report = (result) => {
  send({ result })
  process.stdin.destroy()
}

// How a promise fails: the library's code of the error, and what the server said.
export const failure = async (promise) => {
  try {
    await promise
  } catch (error) {
    return { code: error.code, error: error.error, status: error.status }
  }
  return null
}

export const altered = (url, name, value) => {
  const copy = new URL(url)
  if (value === null) copy.searchParams.delete(name)
  else copy.searchParams.set(name, value)
  return copy
}

// What every authorization request of an application says, its proof key by S256.
export const asking = ({ redirect_uri, scope }, code_challenge, more) => ({
  redirect_uri, scope, code_challenge, code_challenge_method: 'S256', ...more,
})
