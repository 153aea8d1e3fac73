import { Failure } from '../core/errors.ts'
import { HttpRefusal } from './refusal.ts'

/** The JSON object in the body; `{}` when there is no body at all. Never holds more than `maxBytes` in memory. */
export async function readJsonBody(request: Request, maxBytes: number): Promise<Record<string, unknown>> {
  const declared = declaredLength(request)
  if (declared !== undefined && declared > maxBytes) throw tooLarge(maxBytes)
  const json = isJson(request.headers.get('content-type') ?? '') && !isEncoded(request)
  if (declared && !json) throw unsupported()
  const bytes = await readBytes(request, maxBytes)
  // Some clients name the type of a body that they then leave out.
  if (bytes.length === 0) return {}
  if (!json) throw unsupported()
  return parseObject(bytes)
}

function declaredLength(request: Request): number | undefined {
  const text = request.headers.get('content-length')
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : undefined
}

function isJson(type: string): boolean {
  return /^\s*application\/json\s*(;|$)/i.test(type) && isUtf8(type)
}

// RFC 8259 §8.1: JSON between systems is UTF-8. Read as that, what says to be something else would be kept wrong.
function isUtf8(type: string): boolean {
  const charset = /;\s*charset\s*=\s*"?([^\s;"]*)/i.exec(type)?.[1]
  return charset === undefined || /^(utf-?8|us-ascii|ascii)$/i.test(charset)
}

function isEncoded(request: Request): boolean {
  return !/^(identity)?$/i.test(request.headers.get('content-encoding') ?? '')
}

/** The bytes of the body, as many as `maxBytes`. */
export async function readBytes(request: Request, maxBytes: number): Promise<Uint8Array> {
  const declared = declaredLength(request)
  if (declared !== undefined && declared > maxBytes) throw tooLarge(maxBytes)
  try {
    // A declared length is kept by the HTTP parser, so only bodies without one have to be counted.
    if (declared !== undefined) return new Uint8Array(await request.arrayBuffer())
    return request.body ? await readCounted(request.body, maxBytes) : new Uint8Array()
  } catch (error) {
    if (error instanceof Failure) throw error
    throw new Failure('invalid', 'The body could not be read', { cause: error })
  }
}

async function readCounted(stream: ReadableStream<Uint8Array>, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of stream) {
    size += chunk.length
    if (size > maxBytes) throw tooLarge(maxBytes)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function parseObject(bytes: Uint8Array): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (error) {
    throw badBody('The body is not JSON in UTF-8', error)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw badBody('The body must be a JSON object')
  }
  return value as Record<string, unknown>
}

function badBody(message: string, cause?: unknown): Failure {
  return new Failure('invalid', message, { issues: [{ path: [], message }], cause })
}

function tooLarge(maxBytes: number): Failure {
  return new Failure('too_large', `The body may have ${maxBytes} bytes`)
}

function unsupported(): HttpRefusal {
  return new HttpRefusal('unsupported_media_type', 'The body must be application/json in UTF-8')
}
