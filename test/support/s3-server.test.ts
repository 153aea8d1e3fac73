import { afterAll, beforeAll, expect, test } from 'vitest'
import { type S3Server, startS3 } from './s3-server.ts'
import { signatureOf } from './sigv4.ts'

let s3: S3Server
beforeAll(async () => {
  s3 = await startS3()
  s3.objects.set('a/note.txt', { bytes: Buffer.from('0123456789'), at: Date.now(), etag: '"x"' })
})
afterAll(() => s3[Symbol.asyncDispose]())

const amzDate = (at: number) => new Date(at).toISOString().replace(/[-:]|\.\d+/g, '')
const scopeOf = (date: string) => `${date.slice(0, 8)}/${s3.region}/s3/aws4_request`
const host = () => new URL(s3.endpoint).host

function presigned(method: string, key: string, { at = Date.now(), seconds = 60 } = {}): string {
  const date = amzDate(at)
  const query = new URLSearchParams({
    'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
    'X-Amz-Credential': `${s3.accessKeyId}/${scopeOf(date)}`,
    'X-Amz-Date': date,
    'X-Amz-Expires': String(seconds),
    'X-Amz-SignedHeaders': 'host',
  })
  const target = `/${s3.bucket}/${key}?${query}`
  const request = { method, target, headers: { host: [host()] }, body: Buffer.alloc(0) }
  const claim = { scope: scopeOf(date), date, signedHeaders: ['host'], payloadHash: 'UNSIGNED-PAYLOAD' }
  return `${s3.endpoint}${target}&X-Amz-Signature=${signatureOf(request, claim, s3.secretAccessKey)}`
}

const codeOf = async (response: Response) => /<Code>(\w+)/.exec(await response.text())?.[1]

test('a presigned URL opens what it was made for, whole or a range of it', async () => {
  const url = presigned('GET', 'a/note.txt')
  expect(await (await fetch(url)).text()).toBe('0123456789')
  const part = await fetch(url, { headers: { range: 'bytes=2-4' } })
  expect([part.status, part.headers.get('content-range'), await part.text()]).toEqual([206, 'bytes 2-4/10', '234'])
  expect((await fetch(url, { headers: { range: 'bytes=20-' } })).status).toBe(416)
})

test('a presigned PUT takes any body, since the body is not signed', async () => {
  const answer = await fetch(presigned('PUT', 'b'), { method: 'PUT', body: 'anything' })
  expect([answer.status, s3.objects.get('b')?.bytes.toString()]).toEqual([200, 'anything'])
})

test('a presigned URL is refused after its time, for another object and for another method', async () => {
  const late = presigned('GET', 'a/note.txt', { at: Date.now() - 61_000 })
  expect(await codeOf(await fetch(late))).toBe('AccessDenied')
  const url = presigned('GET', 'a/note.txt')
  expect(await codeOf(await fetch(url.replace('note', 'nope')))).toBe('SignatureDoesNotMatch')
  expect(await codeOf(await fetch(url, { method: 'DELETE' }))).toBe('SignatureDoesNotMatch')
  expect(s3.objects.has('a/note.txt')).toBe(true)
})

test('a signed PUT with an unsigned payload is taken; nothing is without a signature', async () => {
  const date = amzDate(Date.now())
  const headers = { 'x-amz-date': date, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' }
  const signedHeaders = ['host', 'x-amz-content-sha256', 'x-amz-date']
  const target = `/${s3.bucket}/c`
  const lists = { host: [host()], 'x-amz-date': [date], 'x-amz-content-sha256': ['UNSIGNED-PAYLOAD'] }
  const claim = { scope: scopeOf(date), date, signedHeaders, payloadHash: 'UNSIGNED-PAYLOAD' }
  const request = { method: 'PUT', target, headers: lists, body: Buffer.alloc(0) }
  const signature = signatureOf(request, claim, s3.secretAccessKey)
  const credential = `Credential=${s3.accessKeyId}/${scopeOf(date)}`
  const authorization = `AWS4-HMAC-SHA256 ${credential}, SignedHeaders=${signedHeaders.join(';')}, Signature=${signature}`
  const url = s3.endpoint + target
  expect((await fetch(url, { method: 'PUT', headers: { ...headers, authorization }, body: 'x' })).status).toBe(200)
  expect(await codeOf(await fetch(url, { method: 'PUT', headers, body: 'y' }))).toBe('AccessDenied')
  expect(s3.objects.get('c')?.bytes.toString()).toBe('x')
})
