// All that a test suite needs of Posthouse. POSTHOUSE_URL and POSTHOUSE_KEY say where it is and who asks.
const { POSTHOUSE_URL = 'http://localhost:3000', POSTHOUSE_KEY } = process.env

/** A new address, and what arrives at it. `await using` deletes it at the end of the test. */
export async function makeInbox(label) {
  const { id, address } = await call('POST', '/v1/inboxes', { label })
  return {
    address,
    /** The next message that nobody has seen; `next('code')` passes over those without a one-time code. */
    async next(has) {
      const { message } = await call('GET', `/v1/inboxes/${id}/wait?timeout=30${has ? `&has=${has}` : ''}`)
      if (!message) throw new Error(`Nothing came to ${address} within thirty seconds`)
      return message
    },
    [Symbol.asyncDispose]: () => call('DELETE', `/v1/inboxes/${id}`),
  }
}

async function call(method, path, body) {
  const response = await fetch(POSTHOUSE_URL + path, {
    method,
    headers: { authorization: `Bearer ${POSTHOUSE_KEY}`, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  })
  const answer = await response.json()
  if (!response.ok) throw new Error(`${method} ${path}: ${answer.error.message}`)
  return answer
}
