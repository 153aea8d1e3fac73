import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { S3Error, type SignedRequest, signatureOf, type Verifier, verifySignature } from './sigv4.ts'

const EMPTY = createHash('sha256').digest('hex')

function request(
  method: string,
  target: string,
  headers: Record<string, string | string[]>,
  body: string | Uint8Array = '',
): SignedRequest {
  const lists = Object.entries(headers).map(([name, value]) => [name, [value].flat()])
  return { method, target, headers: Object.fromEntries(lists), body: Buffer.from(body) }
}

// AWS's Signature Version 4 test suite (aws-sig-v4-test-suite): a name, a request, the signature.
const suite: [string, SignedRequest, string][] = [
  ['get-vanilla', request('GET', '/', {}), '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'],
  [
    'get-vanilla-query-order-key-case',
    request('GET', '/?Param2=value2&Param1=value1', {}),
    'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
  ],
  [
    'get-unreserved',
    request('GET', '/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz', {}),
    '07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f',
  ],
  ['get-utf8', request('GET', '/ሴ', {}), '8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85'],
  [
    'get-header-value-trim',
    request('GET', '/', { 'my-header1': ' value1', 'my-header2': ' "a   b   c"' }),
    'acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736',
  ],
  [
    'get-header-key-duplicate',
    request('GET', '/', { 'my-header1': ['value2', 'value2', 'value1'] }),
    'c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea',
  ],
  ['post-vanilla', request('POST', '/', {}), '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b'],
  [
    'post-vanilla-query',
    request('POST', '/?Param1=value1', {}),
    '28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11',
  ],
  [
    'post-x-www-form-urlencoded',
    request('POST', '/', { 'content-type': 'application/x-www-form-urlencoded' }, 'Param1=value1'),
    'ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a',
  ],
]

test.each(suite)('%s of the published suite has the published signature', (_name, given, expected) => {
  const headers = { ...given.headers, host: ['example.amazonaws.com'], 'x-amz-date': ['20150830T123600Z'] }
  const signedHeaders = Object.keys(headers).sort()
  const payloadHash = createHash('sha256').update(given.body).digest('hex')
  const claim = {
    scope: '20150830/us-east-1/service/aws4_request',
    date: '20150830T123600Z',
    signedHeaders,
    payloadHash,
  }
  expect(signatureOf({ ...given, headers }, claim, 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY')).toBe(expected)
})

// The worked examples of the S3 manual ("Authenticating Requests: Using the Authorization Header", "Using Query Parameters").
const manual: Verifier = {
  secrets: { AKIAIOSFODNN7EXAMPLE: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' },
  region: 'us-east-1',
  service: 's3',
  now: Date.UTC(2013, 4, 24),
}
const host = 'examplebucket.s3.amazonaws.com'
const signed = (headers: string, signature: string) =>
  `AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=${headers},Signature=${signature}`
const base = { host, 'x-amz-date': '20130524T000000Z', 'x-amz-content-sha256': EMPTY }

const getObject = request('GET', '/test.txt', {
  ...base,
  range: 'bytes=0-9',
  authorization: signed(
    'host;range;x-amz-content-sha256;x-amz-date',
    'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
  ),
})
const putObject = request(
  'PUT',
  '/test$file.text',
  {
    ...base,
    'x-amz-content-sha256': '44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072',
    date: 'Fri, 24 May 2013 00:00:00 GMT',
    'x-amz-storage-class': 'REDUCED_REDUNDANCY',
    authorization: signed(
      'date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class',
      '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
    ),
  },
  'Welcome to Amazon S3.',
)
const getLifecycle = request('GET', '/?lifecycle', {
  ...base,
  authorization: signed(
    'host;x-amz-content-sha256;x-amz-date',
    'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
  ),
})
const listObjects = request('GET', '/?max-keys=2&prefix=J', {
  ...base,
  authorization: signed(
    'host;x-amz-content-sha256;x-amz-date',
    '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
  ),
})
const presigned = request(
  'GET',
  `/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404`,
  { host },
)

test.each([
  ['a GET with a range', getObject],
  ['a PUT', putObject],
  ['a subresource without value', getLifecycle],
  ['a list', listObjects],
  ['a presigned URL', presigned],
])("the manual's example of %s is taken", (_name, example) => {
  expect(() => verifySignature(example, manual)).not.toThrow()
})

const refusal = (given: SignedRequest, verifier: Partial<Verifier> = {}): string => {
  try {
    verifySignature(given, { ...manual, ...verifier })
    return 'taken'
  } catch (error) {
    if (error instanceof S3Error) return error.code
    throw error
  }
}
const changed = (given: SignedRequest, headers: Record<string, string[]>): SignedRequest => ({
  ...given,
  headers: { ...given.headers, ...headers },
})

describe('what is refused', () => {
  test('another secret, another key, another region, another service', () => {
    expect(refusal(getObject, { secrets: { AKIAIOSFODNN7EXAMPLE: 'other' } })).toBe('SignatureDoesNotMatch')
    expect(refusal(getObject, { secrets: {} })).toBe('InvalidAccessKeyId')
    expect(refusal(getObject, { region: 'eu-west-1' })).toBe('AuthorizationHeaderMalformed')
    expect(refusal(getObject, { service: 'ses' })).toBe('AuthorizationHeaderMalformed')
  })

  test('a path, a method, a query, a signed header or a body that was changed on the way', () => {
    expect(refusal({ ...getObject, target: '/other.txt' })).toBe('SignatureDoesNotMatch')
    expect(refusal({ ...getObject, method: 'DELETE' })).toBe('SignatureDoesNotMatch')
    expect(refusal({ ...listObjects, target: '/?max-keys=3&prefix=J' })).toBe('SignatureDoesNotMatch')
    expect(refusal(changed(getObject, { range: ['bytes=0-99'] }))).toBe('SignatureDoesNotMatch')
    expect(refusal({ ...putObject, body: Buffer.from('Welcome to Amazon S4.') })).toBe('XAmzContentSHA256Mismatch')
    expect(refusal(changed(putObject, { 'x-amz-content-sha256': ['UNSIGNED-PAYLOAD'] }))).toBe('SignatureDoesNotMatch')
    expect(refusal(changed(getObject, { 'x-amz-acl': ['public-read'] }))).toBe('AccessDenied')
  })

  test('a clock that is more than 15 minutes off', () => {
    expect(refusal(getObject, { now: manual.now + 15 * 60_000 })).toBe('taken')
    expect(refusal(getObject, { now: manual.now + 15 * 60_000 + 1 })).toBe('RequestTimeTooSkewed')
    expect(refusal(getObject, { now: manual.now - 15 * 60_000 - 1 })).toBe('RequestTimeTooSkewed')
  })

  test('a presigned URL after its time, before its time, or with a longer time', () => {
    expect(refusal(presigned, { now: manual.now + 86_400_000 })).toBe('taken')
    expect(refusal(presigned, { now: manual.now + 86_400_001 })).toBe('AccessDenied')
    expect(refusal(presigned, { now: manual.now - 16 * 60_000 })).toBe('AccessDenied')
    const longer = presigned.target.replace('Expires=86400', 'Expires=604800')
    expect(refusal({ ...presigned, target: longer })).toBe('SignatureDoesNotMatch')
  })

  test('a request without a signature, without a hash, and one in signed chunks', () => {
    expect(refusal(request('GET', '/', base))).toBe('AccessDenied')
    expect(refusal(changed(getObject, { authorization: ['AWS4-HMAC-SHA256 x'] }))).toBe('AuthorizationHeaderMalformed')
    const { 'x-amz-content-sha256': _, ...rest } = getObject.headers
    expect(refusal({ ...getObject, headers: rest })).toBe('InvalidRequest')
    const chunks = changed(putObject, { 'x-amz-content-sha256': ['STREAMING-AWS4-HMAC-SHA256-PAYLOAD'] })
    expect(refusal(chunks)).toBe('NotImplemented')
  })
})
