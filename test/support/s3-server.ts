import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { batchDelete, getObject, listObjects, putObject, type Reply, xmlError } from './s3-operations.ts'
import { S3Error, type SignedRequest, verifySignature } from './sigv4.ts'

export interface StoredObject {
  bytes: Buffer
  /** Epoch ms. */
  at: number
  etag: string
}

/** What goes wrong with one request: a refusal without the work, silence, an answer that stops or a connection that ends in the middle. */
export type Fault = { status: number; code: string } | 'hang' | 'stall' | 'cut' | 'torn'

/** One request as it came in, for tests that count. */
export interface SeenRequest {
  method: string
  /** Below the bucket; empty for the bucket itself. */
  key: string
  query: URLSearchParams
  headers: IncomingMessage['headers']
}

/** An S3 of our own for tests: one bucket, path style, every request's signature verified. */
export interface S3Server extends AsyncDisposable {
  readonly endpoint: string
  readonly bucket: string
  readonly region: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly objects: Map<string, StoredObject>
  readonly seen: SeenRequest[]
  /** How many connections were ever opened. */
  connections(): number
  /** The most requests that were under way at once. */
  peak(): number
  /** Asked for every request; what it answers goes wrong. */
  fault: (request: SeenRequest) => Fault | undefined
  /** More than this is refused, as by a full store. */
  capacityBytes: number
  /** The server's time; another one makes all signatures too old. */
  now: () => number
  /** The time that a new object gets. */
  stamp: () => number
  /** False for a store that cannot delete many at once. */
  deletesMany: boolean
  /** Nobody listens any more, and open connections break. */
  stop(): Promise<void>
  /** Listens again on the same port. */
  start(): Promise<void>
}

const MAX_BODY = 128 * 1024 * 1024

export async function startS3(): Promise<S3Server> {
  let connections = 0
  let [running, peak] = [0, 0]
  const http = createServer((request, response) => {
    peak = Math.max(peak, ++running)
    response.once('close', () => running--)
    void serve(s3, request, response)
  })
  http.on('connection', () => connections++)
  await listen(http, 0)
  const { port } = http.address() as AddressInfo
  const s3: S3Server = {
    endpoint: `http://127.0.0.1:${port}`,
    bucket: 'posthouse-test',
    region: 'eu-test-1',
    accessKeyId: 'AKIATESTPOSTHOUSE',
    secretAccessKey: 'a secret/with+signs=of the usual kind',
    objects: new Map(),
    seen: [],
    connections: () => connections,
    peak: () => peak,
    fault: () => undefined,
    capacityBytes: Number.POSITIVE_INFINITY,
    now: Date.now,
    stamp: Date.now,
    deletesMany: true,
    stop: () => close(http),
    start: () => listen(http, port),
    [Symbol.asyncDispose]: () => close(http),
  }
  return s3
}

async function listen(http: Server, port: number): Promise<void> {
  http.listen(port, '127.0.0.1')
  await once(http, 'listening')
}

async function close(http: Server): Promise<void> {
  if (!http.listening) return
  const closed = once(http, 'close')
  http.close()
  http.closeAllConnections()
  await closed
}

async function serve(s3: S3Server, request: IncomingMessage, response: ServerResponse): Promise<void> {
  request.on('error', () => {})
  const seen = seenOf(s3, request)
  s3.seen.push(seen)
  const fault = s3.fault(seen)
  if (fault === 'hang') return
  // A write is cut while its bytes come in, everything else while the answer goes out.
  if (fault === 'cut' && request.method === 'PUT') return void request.once('data', () => request.socket.destroy())
  try {
    const body = await bodyOf(request)
    // An answer that ends within its body.
    if (fault === 'torn') {
      response.writeHead(503, { 'content-length': 300 })
      return void response.write('<Error>', () => request.socket.destroy())
    }
    if (typeof fault === 'object') throw new S3Error(fault.status, fault.code)
    const signed: SignedRequest = {
      method: seen.method,
      target: request.url ?? '/',
      headers: listsOf(request.rawHeaders),
      body,
    }
    const { region, accessKeyId, secretAccessKey } = s3
    verifySignature(signed, { secrets: { [accessKeyId]: secretAccessKey }, region, service: 's3', now: s3.now() })
    answer(s3, seen, response, operate(s3, seen, request.url ?? '/', body), fault)
  } catch (error) {
    if (request.destroyed && !request.complete) return
    const refusal = error instanceof S3Error ? error : new S3Error(500, 'InternalError', String(error))
    answer(s3, seen, response, xmlError(refusal), undefined)
  }
}

function seenOf(s3: S3Server, request: IncomingMessage): SeenRequest {
  const url = new URL(request.url ?? '/', s3.endpoint)
  const key = decodeURIComponent(url.pathname).split('/').slice(2).join('/')
  return { method: request.method ?? '', key, query: url.searchParams, headers: request.headers }
}

function operate(s3: S3Server, seen: SeenRequest, target: string, body: Buffer): Reply {
  if (decodeURIComponent(target).split(/[/?]/)[1] !== s3.bucket) throw new S3Error(404, 'NoSuchBucket')
  const { method, key, query } = seen
  checkChecksums(seen, body)
  if (key === '') {
    if (method === 'HEAD') return { status: 200 }
    if (method === 'GET' && query.get('list-type') === '2') return listObjects(s3, query)
    if (method === 'POST' && query.has('delete')) return batchDelete(s3, seen, body)
    throw new S3Error(501, 'NotImplemented')
  }
  if (method === 'PUT') return putObject(s3, seen, body)
  if (method === 'GET' || method === 'HEAD') return getObject(s3, seen)
  if (method === 'DELETE') {
    s3.objects.delete(key)
    return { status: 204 }
  }
  throw new S3Error(405, 'MethodNotAllowed')
}

function checkChecksums({ headers }: SeenRequest, body: Buffer): void {
  const sums = { 'content-md5': 'md5', 'x-amz-checksum-sha256': 'sha256', 'x-amz-checksum-sha1': 'sha1' }
  for (const [name, algorithm] of Object.entries(sums)) {
    const said = headers[name]
    if (said !== undefined && said !== createHash(algorithm).update(body).digest('base64')) {
      throw new S3Error(400, 'BadDigest')
    }
  }
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  if (request.method === 'PUT' && request.headers['content-length'] === undefined) {
    throw new S3Error(411, 'MissingContentLength')
  }
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > MAX_BODY) throw new S3Error(400, 'EntityTooLarge')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function listsOf(raw: string[]): Record<string, string[]> {
  const lists: Record<string, string[]> = {}
  for (let i = 0; i < raw.length; i += 2) {
    const name = (raw[i] ?? '').toLowerCase()
    lists[name] = [...(lists[name] ?? []), raw[i + 1] ?? '']
  }
  return lists
}

function answer(
  s3: S3Server,
  seen: SeenRequest,
  response: ServerResponse,
  reply: Reply,
  fault: Fault | undefined,
): void {
  const body = reply.body ?? Buffer.alloc(0)
  const headers = { date: new Date(s3.now()).toUTCString(), 'content-length': body.length, ...reply.headers }
  response.writeHead(reply.status, headers)
  if (seen.method === 'HEAD') return void response.end()
  if (fault === undefined) return void response.end(body)
  response.flushHeaders()
  response.write(body.subarray(0, body.length / 2), () => fault === 'cut' && response.destroy())
}
