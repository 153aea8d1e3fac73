import { createHash, createHmac, timingSafeEqual } from 'node:crypto'

// Signature Version 4 from the side of the server: https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html

const ALGORITHM = 'AWS4-HMAC-SHA256'
const MAX_SKEW_MS = 15 * 60_000
const MAX_EXPIRES_SECONDS = 7 * 24 * 3600
const UNSIGNED = 'UNSIGNED-PAYLOAD'

export interface SignedRequest {
  method: string
  /** As it came over the wire: path and query, still encoded. */
  target: string
  /** Names in lower case; a name that came twice holds both values, in their order. */
  headers: Record<string, string[]>
  body: Uint8Array
}

export interface Verifier {
  secrets: Record<string, string>
  region: string
  service: string
  now: number
}

/** A refusal as S3 words it. */
export class S3Error extends Error {
  override name = 'S3Error'
  readonly status: number
  readonly code: string
  constructor(status: number, code: string, message = code) {
    super(message)
    this.status = status
    this.code = code
  }
}

interface Claim {
  accessKeyId: string
  /** date/region/service/aws4_request */
  scope: string
  date: string
  signedHeaders: string[]
  signature: string
  payloadHash: string
}

/** Throws `S3Error` unless the request was signed with a secret that we know, lately, and its body is the one that was signed. */
export function verifySignature(request: SignedRequest, verifier: Verifier): void {
  const query = parseQuery(request.target)
  const claim = query.some(([name]) => name === 'X-Amz-Signature')
    ? claimOfQuery(query, verifier)
    : claimOfHeader(request, verifier)
  const secret = Object.hasOwn(verifier.secrets, claim.accessKeyId) ? verifier.secrets[claim.accessKeyId] : undefined
  if (secret === undefined) throw new S3Error(403, 'InvalidAccessKeyId')
  checkScope(claim, verifier)
  checkSignedHeaders(request, claim)
  const expected = signatureOf(request, claim, secret)
  if (!equal(expected, claim.signature)) throw new S3Error(403, 'SignatureDoesNotMatch')
  if (claim.payloadHash !== UNSIGNED && claim.payloadHash !== sha256(request.body)) {
    throw new S3Error(400, 'XAmzContentSHA256Mismatch')
  }
}

/** What a signer with this secret would write. */
export function signatureOf(
  request: SignedRequest,
  claim: Pick<Claim, 'scope' | 'date' | 'signedHeaders' | 'payloadHash'>,
  secret: string,
): string {
  const text = [ALGORITHM, claim.date, claim.scope, sha256(canonicalRequest(request, claim))].join('\n')
  let key: Uint8Array = Buffer.from(`AWS4${secret}`)
  for (const part of claim.scope.split('/')) key = createHmac('sha256', key).update(part).digest()
  return createHmac('sha256', key).update(text).digest('hex')
}

function canonicalRequest(
  { method, target, headers }: SignedRequest,
  { signedHeaders, payloadHash }: Pick<Claim, 'signedHeaders' | 'payloadHash'>,
): string {
  const path = target.split('?', 1)[0] ?? '/'
  const query = parseQuery(target)
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]) => [encode(name), encode(value)] as const)
    .sort(([a, x], [b, y]) => compare(a, b) || compare(x, y))
  return [
    method,
    // S3 encodes the path once and leaves its dots and slashes alone.
    path.split('/').map(decode).map(encode).join('/'),
    query.map((pair) => pair.join('=')).join('&'),
    ...signedHeaders.map((name) => `${name}:${(headers[name] ?? []).map(trimAll).join(',')}`),
    '',
    signedHeaders.join(';'),
    payloadHash,
  ].join('\n')
}

function claimOfHeader(request: SignedRequest, { now }: Verifier): Claim {
  const text = request.headers.authorization?.[0] ?? ''
  if (text === '') throw new S3Error(403, 'AccessDenied', 'Anonymous access is refused')
  const match =
    /^AWS4-HMAC-SHA256 +Credential=([^/, ]+)\/([^, ]+), *SignedHeaders=([^, ]+), *Signature=([0-9a-f]{64})$/.exec(text)
  const [, accessKeyId, scope, signedHeaders, signature] = match ?? []
  if (!accessKeyId || !scope || !signedHeaders || !signature) throw new S3Error(400, 'AuthorizationHeaderMalformed')
  const date = request.headers['x-amz-date']?.[0] ?? ''
  if (Math.abs(timeOf(date) - now) > MAX_SKEW_MS) throw new S3Error(403, 'RequestTimeTooSkewed')
  return { accessKeyId, scope, date, signedHeaders: signedHeaders.split(';'), signature, payloadHash: hashOf(request) }
}

function hashOf(request: SignedRequest): string {
  const said = request.headers['x-amz-content-sha256']?.[0]
  if (said === undefined) throw new S3Error(400, 'InvalidRequest', 'Missing required header: x-amz-content-sha256')
  if (said === UNSIGNED || /^[0-9a-f]{64}$/.test(said)) return said
  // Many stores keep the chunk headers of such a body as if they were content.
  if (said.startsWith('STREAMING-')) throw new S3Error(501, 'NotImplemented', 'Chunked payloads are not taken')
  throw new S3Error(400, 'InvalidArgument', 'x-amz-content-sha256 must be a hash')
}

function claimOfQuery(query: [string, string][], { now }: Verifier): Claim {
  const one = (name: string) => {
    const values = query.filter(([n]) => n === name)
    if (values.length !== 1) throw new S3Error(400, 'AuthorizationQueryParametersError', `${name} must be there once`)
    return values[0]?.[1] ?? ''
  }
  if (one('X-Amz-Algorithm') !== ALGORITHM) throw new S3Error(400, 'AuthorizationQueryParametersError')
  const expires = Number(one('X-Amz-Expires'))
  if (!Number.isInteger(expires) || expires < 1 || expires > MAX_EXPIRES_SECONDS) {
    throw new S3Error(400, 'AuthorizationQueryParametersError', 'X-Amz-Expires must be from 1 to 604800')
  }
  const date = one('X-Amz-Date')
  if (timeOf(date) - now > MAX_SKEW_MS) throw new S3Error(403, 'AccessDenied', 'Request is not valid yet')
  if (now > timeOf(date) + expires * 1000) throw new S3Error(403, 'AccessDenied', 'Request has expired')
  const [accessKeyId = '', ...scope] = one('X-Amz-Credential').split('/')
  const signedHeaders = one('X-Amz-SignedHeaders').split(';')
  return {
    accessKeyId,
    scope: scope.join('/'),
    date,
    signedHeaders,
    signature: one('X-Amz-Signature'),
    payloadHash: UNSIGNED,
  }
}

function checkScope({ scope, date }: Claim, { region, service }: Verifier): void {
  if (scope !== `${date.slice(0, 8)}/${region}/${service}/aws4_request`) {
    throw new S3Error(400, 'AuthorizationHeaderMalformed', `The scope must be of ${region}/${service}`)
  }
}

// What is not signed could be changed on the way.
function checkSignedHeaders({ headers }: SignedRequest, { signedHeaders }: Claim): void {
  const needed = Object.keys(headers).filter((name) => name === 'host' || name.startsWith('x-amz-'))
  const missing = needed.filter((name) => !signedHeaders.includes(name))
  if (missing.length > 0) throw new S3Error(403, 'AccessDenied', `Headers that were not signed: ${missing.join(', ')}`)
  const sorted = signedHeaders.every((name, i) => i === 0 || compare(signedHeaders[i - 1] ?? '', name) < 0)
  if (!sorted || signedHeaders.some((name) => !headers[name])) throw new S3Error(403, 'SignatureDoesNotMatch')
}

function timeOf(date: string): number {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(date)
  if (!match) throw new S3Error(403, 'AccessDenied', 'A valid x-amz-date is needed')
  const [year = 0, month = 1, ...rest] = match.slice(1).map(Number)
  return Date.UTC(year, month - 1, ...rest)
}

function parseQuery(target: string): [string, string][] {
  const at = target.indexOf('?')
  if (at < 0 || at === target.length - 1) return []
  return target
    .slice(at + 1)
    .split('&')
    .map((pair) => {
      const [name = '', ...value] = pair.split('=')
      return [decode(name), decode(value.join('='))]
    })
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new S3Error(400, 'InvalidURI')
  }
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
}

function trimAll(value: string): string {
  return value.trim().replace(/ {2,}/g, ' ')
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function sha256(bytes: string | Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function equal(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b))
}
