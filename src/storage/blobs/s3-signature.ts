import { createHmac, hash } from 'node:crypto'

export interface S3Credentials {
  accessKeyId: string
  secretAccessKey: string
  sessionToken?: string | undefined
}

const ALGORITHM = 'AWS4-HMAC-SHA256'

/**
 * Signs requests without a query for one region (https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html). The
 * key is the same for a day, and so made once.
 */
export class S3Signer {
  readonly #region: string
  #key: { of: string; bytes: Buffer } | undefined

  constructor(region: string) {
    this.#region = region
  }

  /** All headers that such a request needs. `path` must be as it goes over the wire, and in no need of an encoding. */
  sign(
    request: { method: string; host: string; path: string; sha256: string },
    credentials: S3Credentials,
    now: number,
  ): Record<string, string> {
    const { method, host, path, sha256 } = request
    const date = new Date(now).toISOString().replace(/[-:]|\.\d+/g, '')
    const { accessKeyId, sessionToken } = credentials
    const headers: Record<string, string> = { host, 'x-amz-content-sha256': sha256, 'x-amz-date': date }
    if (sessionToken !== undefined) headers['x-amz-security-token'] = sessionToken
    // They are in the order of their names already.
    const names = Object.keys(headers)
    const lines = names.map((name) => `${name}:${headers[name]}`)
    const canonical = [method, path, '', ...lines, '', names.join(';'), sha256].join('\n')
    const scope = `${date.slice(0, 8)}/${this.#region}/s3/aws4_request`
    const text = [ALGORITHM, date, scope, hash('sha256', canonical)].join('\n')
    const signature = createHmac('sha256', this.#keyFor(credentials, scope)).update(text).digest('hex')
    const claim = `Credential=${accessKeyId}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`
    return { ...headers, authorization: `${ALGORITHM} ${claim}` }
  }

  #keyFor({ secretAccessKey }: S3Credentials, scope: string): Buffer {
    const of = `${scope} ${secretAccessKey}`
    if (this.#key?.of !== of) {
      const first: Buffer = Buffer.from(`AWS4${secretAccessKey}`)
      const mac = (key: Buffer, part: string) => createHmac('sha256', key).update(part).digest()
      this.#key = { of, bytes: scope.split('/').reduce(mac, first) }
    }
    return this.#key.bytes
  }
}
