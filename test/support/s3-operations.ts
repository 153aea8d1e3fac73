import { createHash } from 'node:crypto'
import type { S3Server, SeenRequest, StoredObject } from './s3-server.ts'
import { S3Error } from './sigv4.ts'

export interface Reply {
  status: number
  headers?: Record<string, string>
  body?: Buffer
}

const MAX_BATCH = 1000

export function putObject(s3: S3Server, { key }: SeenRequest, bytes: Buffer): Reply {
  if (s3.capacityBytes !== Number.POSITIVE_INFINITY) checkRoom(s3, key, bytes.length)
  const etag = `"${createHash('md5').update(bytes).digest('hex')}"`
  s3.objects.set(key, { bytes, at: s3.stamp(), etag })
  return { status: 200, headers: { etag } }
}

function checkRoom(s3: S3Server, key: string, size: number): void {
  let used = size
  for (const [other, object] of s3.objects) if (other !== key) used += object.bytes.length
  if (used > s3.capacityBytes) throw new S3Error(507, 'XMinioStorageFull')
}

export function getObject(s3: S3Server, { key, headers }: SeenRequest): Reply {
  const object = s3.objects.get(key)
  if (!object) throw new S3Error(404, 'NoSuchKey')
  const about = { etag: object.etag, 'last-modified': new Date(object.at).toUTCString(), 'accept-ranges': 'bytes' }
  if (headers.range === undefined) return { status: 200, headers: about, body: object.bytes }
  const [start, end] = rangeOf(headers.range, object.bytes.length)
  const range = `bytes ${start}-${end - 1}/${object.bytes.length}`
  return { status: 206, headers: { ...about, 'content-range': range }, body: object.bytes.subarray(start, end) }
}

// RFC 9110 §14.1.2, one range.
function rangeOf(text: string, size: number): [start: number, end: number] {
  const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(text) ?? []
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first)
  const end = first === '' || last === '' ? size : Math.min(size, Number(last) + 1)
  if ((first === '' && last === '') || start >= end) throw new S3Error(416, 'InvalidRange')
  return [start, end]
}

export function batchDelete(s3: S3Server, { headers }: SeenRequest, body: Buffer): Reply {
  if (!s3.deletesMany) throw new S3Error(501, 'NotImplemented')
  const checked = headers['content-md5'] ?? Object.keys(headers).find((name) => name.startsWith('x-amz-checksum-'))
  if (!checked) throw new S3Error(400, 'InvalidRequest', 'Missing required header for this request: Content-MD5')
  const keys = [...body.toString().matchAll(/<Key>([^<]*)<\/Key>/g)].map((match) => unescapeXml(match[1] ?? ''))
  if (keys.length === 0 || keys.length > MAX_BATCH) throw new S3Error(400, 'MalformedXML')
  for (const key of keys) s3.objects.delete(key)
  const quiet = body.includes('<Quiet>true</Quiet>')
  const told = quiet ? '' : keys.map((key) => `<Deleted><Key>${escapeXml(key)}</Key></Deleted>`).join('')
  return xml(200, `<DeleteResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${told}</DeleteResult>`)
}

export function listObjects(s3: S3Server, query: URLSearchParams): Reply {
  const prefix = query.get('prefix') ?? ''
  const after = query.get('continuation-token') ?? query.get('start-after') ?? ''
  const limit = Math.min(Number(query.get('max-keys') ?? MAX_BATCH), MAX_BATCH)
  const all = [...s3.objects.keys()].filter((key) => key.startsWith(prefix) && key > after).sort()
  const page = all.slice(0, limit)
  const truncated = all.length > page.length
  const token = truncated ? `<NextContinuationToken>${escapeXml(page.at(-1) ?? '')}</NextContinuationToken>` : ''
  const contents = page.map((key) => entry(key, s3.objects.get(key))).join('')
  return xml(
    200,
    `<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>${s3.bucket}</Name>` +
      `<Prefix>${escapeXml(prefix)}</Prefix><KeyCount>${page.length}</KeyCount><MaxKeys>${limit}</MaxKeys>` +
      `<IsTruncated>${truncated}</IsTruncated>${token}${contents}</ListBucketResult>`,
  )
}

function entry(key: string, object: StoredObject | undefined): string {
  if (!object) return ''
  // Whole seconds, as S3 keeps them.
  const at = new Date(Math.floor(object.at / 1000) * 1000).toISOString()
  return (
    `<Contents><Key>${escapeXml(key)}</Key><LastModified>${at}</LastModified><ETag>${escapeXml(object.etag)}</ETag>` +
    `<Size>${object.bytes.length}</Size><StorageClass>STANDARD</StorageClass></Contents>`
  )
}

export function xmlError({ status, code, message }: S3Error): Reply {
  return xml(status, `<Error><Code>${code}</Code><Message>${escapeXml(message)}</Message></Error>`)
}

function xml(status: number, text: string): Reply {
  const body = Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>\n${text}`)
  return { status, headers: { 'content-type': 'application/xml' }, body }
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' }

function escapeXml(text: string): string {
  return text.replace(/[&<>"']/g, (c) => entities[c] ?? c)
}

function unescapeXml(text: string): string {
  return text.replace(/&(amp|lt|gt|quot|apos);/g, (entity) => {
    return Object.keys(entities).find((c) => entities[c] === entity) ?? entity
  })
}
