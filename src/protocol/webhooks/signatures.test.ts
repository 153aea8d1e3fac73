import { createHmac, randomBytes } from 'node:crypto'
import { Webhook as Standard } from 'standardwebhooks'
import { Webhook as Svix } from 'svix'
import { expect, test } from 'vitest'
import { signBody, signRequest, signStandard, signTimestamped, standardKey } from './signatures.ts'

const body = '{"type":"event","event_type":"message.received","subject":"Grüße 🙂"}'
const id = 'evt_1.f00'
const now = Math.floor(Date.now() / 1000)
const secret = randomBytes(32).toString('hex')

function headers(prefix: string, signature: string, seconds = now): Record<string, string> {
  return {
    [`${prefix}-id`]: id,
    [`${prefix}-timestamp`]: String(seconds),
    [`${prefix}-signature`]: signature,
  }
}

test('both public libraries accept the signature, with and without the prefix of the secret', () => {
  const signature = signStandard([secret], id, now, body)
  for (const shown of [secret, `whsec_${secret}`]) {
    expect(new Standard(shown).verify(body, headers('webhook', signature))).toEqual(JSON.parse(body))
    expect(new Svix(shown).verify(body, headers('webhook', signature))).toEqual(JSON.parse(body))
    expect(new Svix(shown).verify(body, headers('svix', signature))).toEqual(JSON.parse(body))
  }
  expect(signStandard([`whsec_${secret}`], id, now, body)).toBe(signature)
})

test('while a secret is rotated, holders of the old one and of the new one both verify', () => {
  const old = randomBytes(32).toString('hex')
  const signature = signStandard([secret, old], id, now, body)
  for (const held of [secret, old]) {
    expect(new Standard(held).verify(body, headers('webhook', signature))).toEqual(JSON.parse(body))
    expect(new Svix(held).verify(body, headers('svix', signature))).toEqual(JSON.parse(body))
  }
})

test('the libraries refuse another body, another secret and an old timestamp', () => {
  const signature = signStandard([secret], id, now, body)
  const stranger = randomBytes(32).toString('hex')
  expect(() => new Standard(secret).verify(`${body} `, headers('webhook', signature))).toThrow()
  expect(() => new Standard(stranger).verify(body, headers('webhook', signature))).toThrow()
  const old = signStandard([secret], id, now - 301, body)
  expect(() => new Standard(secret).verify(body, headers('webhook', old, now - 301))).toThrow()
})

test('the key of a hexadecimal secret is what its base64 reading gives: 48 bytes', () => {
  expect(standardKey(secret)).toHaveLength(48)
  expect(standardKey(`whsec_${secret}`)).toEqual(Buffer.from(secret, 'base64'))
})

test('the body alone is signed under the text of the secret', () => {
  expect(signBody('key', 'The quick brown fox jumps over the lazy dog')).toBe(
    'sha256=f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8',
  )
})

test('a timestamped signature gives the published vector, one v1 for each secret', () => {
  const sample = '{"result":{"id":"7fa85f64-5717-4562-b3fc-2c963f66afa6"}}'
  const vector = 'c157bf3405249424d91c329b8e78cbd13e3fe944666d52d1cd68e9dfc23fe4c7'
  expect(signTimestamped(['whsec_test'], 1_700_000_000, sample)).toBe(`t=1700000000,v1=${vector}`)
  const both = signTimestamped(['whsec_test', 'old'], 1_700_000_000, sample)
  expect(both).toMatch(new RegExp(`^t=1700000000,v1=${vector},v1=[0-9a-f]{64}$`))
})

test('a request signature is keyed by the text behind the prefix', () => {
  const expected = createHmac('sha256', 'abc').update('r-1.1700000000.{}').digest('hex')
  expect(signRequest('whsec_abc', 'r-1', 1_700_000_000, '{}')).toBe(`sha256=${expected}`)
  expect(signRequest('abc', 'r-1', 1_700_000_000, '{}')).toBe(`sha256=${expected}`)
})
