import { createHash } from 'node:crypto'
import { setMaxListeners } from 'node:events'
import { Agent } from 'node:http'
import { Agent as SecureAgent } from 'node:https'
import {
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  type GetObjectCommandOutput,
  HeadBucketCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3'
import { sha256OfKey } from '../../core/blob-key.ts'
import { Failure } from '../../core/errors.ts'
import type { BlobList, BlobStore } from '../../core/store.ts'
import { type S3Target, ShortWay, type SmallObject } from './s3-short-way.ts'
import { Slots } from './slots.ts'

export interface S3Options {
  bucket: string
  region: string
  /** AWS itself when not given. */
  endpoint?: string | undefined
  /** Before every key, with its slash: several installations may share a bucket. */
  prefix?: string | undefined
  /** Without keys the client looks for those that the machine has (instance role, shared files). */
  accessKeyId?: string | undefined
  secretAccessKey?: string | undefined
  sessionToken?: string | undefined
  /** Requests at once. */
  concurrency?: number
  /** What one call may take with its retries and its waiting, beside the time for its bytes. */
  deadlineMs?: number
  /** What one attempt may take until the answer begins. */
  attemptMs?: number
}

const CONNECT_MS = 5_000
const PING_MS = 5_000
const ATTEMPTS = 3
/** How many keys a DeleteObjects may name. */
const BATCH = 1000
/** The slowest upload that is waited for. */
const BYTES_PER_MS = 500

/** Blobs as objects of a bucket. Nothing is asked of it before the first call, so a store that is down does not keep the server from starting. */
export async function openS3Blobs(options: S3Options): Promise<BlobStore> {
  return new S3Blobs(options)
}

interface Attempt {
  abortSignal: AbortSignal
  requestTimeout: number
}

class S3Blobs implements BlobStore {
  readonly #client: S3Client
  readonly #bucket: string
  readonly #prefix: string
  readonly #slots: Slots
  readonly #deadlineMs: number
  readonly #attemptMs: number
  readonly #shortWay: ShortWay
  #deletesMany = true

  constructor(options: S3Options) {
    const { concurrency = 48, deadlineMs = 60_000, attemptMs = 20_000 } = options
    const agentOptions = { keepAlive: true, maxSockets: concurrency }
    const agents = { http: new Agent(agentOptions), https: new SecureAgent(agentOptions) }
    this.#client = clientOf(options, agents, attemptMs)
    this.#shortWay = new ShortWay(options.region, agents)
    this.#bucket = options.bucket
    this.#prefix = options.prefix ?? ''
    this.#slots = new Slots(concurrency)
    this.#deadlineMs = deadlineMs
    this.#attemptMs = attemptMs
  }

  async put(key: string, bytes: Uint8Array): Promise<void> {
    const { Key } = this.#object(key)
    // A copy: it may wait for its slot and be sent again, and the caller's memory is free at once.
    const body = Buffer.from(bytes)
    const extraMs = body.length / BYTES_PER_MS
    // The signature then covers the hash that the key was made of: other bytes than those are refused at the other end.
    const object = { path: `/${this.#bucket}/${Key}`, body, sha256: sha256OfKey(key) ?? '' }
    await this.#ask(async (signal) => {
      const attempt = this.#attempt(signal, extraMs)
      const outcome = this.#shortWay.open(object) ? await this.#putShort(object, attempt) : 'failed'
      if (outcome === 'there') return
      await this.#putByClient(key, object, attempt)
      if (outcome === 'refused') this.#shortWay.close()
    }, this.#deadlineMs + extraMs)
  }

  async #putShort(object: SmallObject, { abortSignal: signal, requestTimeout: timeoutMs }: Attempt) {
    const { credentials, systemClockOffset } = this.#client.config
    const now = Date.now() + systemClockOffset
    return this.#shortWay.put(object, await credentials(), { now, signal, timeoutMs })
  }

  async #putByClient(key: string, { path, body, sha256 }: SmallObject, attempt: Attempt) {
    const command = new PutObjectCommand({ ...this.#object(key), Body: body, ContentLength: body.length })
    let target: S3Target | undefined
    command.middlewareStack.add(
      (next) => (args) => {
        const request = args.request as S3Target & { path: string; headers: Record<string, string | undefined> }
        request.headers['x-amz-content-sha256'] = sha256
        // An endpoint with a path of its own, or a bucket in the name of the host, is the client's business alone.
        if (request.path === path) target = request
        return next(args)
      },
      { step: 'build', name: 'hashOfTheKey' },
    )
    await this.#client.send(command, attempt)
    if (target) this.#shortWay.learn(target)
  }

  async get(key: string): Promise<Buffer | undefined> {
    const command = new GetObjectCommand(this.#object(key))
    return this.#ask(async (signal) => {
      for (let last = false; ; last = true) {
        const reply = await this.#client.send(command, this.#attempt(signal)).catch(unlessAbsent)
        if (!reply) return undefined
        try {
          return await readBody(reply, key)
        } catch (error) {
          // The client sends a request again, but not for an answer that ended in the middle.
          if (last || signal.aborted) throw error
        }
      }
    })
  }

  async delete(keys: string[]): Promise<void> {
    for (const key of keys) this.#object(key)
    for (let i = 0; i < keys.length; i += BATCH) await this.#deleteBatch(keys.slice(i, i + BATCH))
  }

  async ping(): Promise<void> {
    const command = new HeadBucketCommand({ Bucket: this.#bucket })
    await this.#ask((signal) => this.#client.send(command, this.#attempt(signal)), Math.min(PING_MS, this.#deadlineMs))
  }

  async list(olderThan: number, cursor: string | null): Promise<BlobList> {
    const after = cursor === null ? {} : { StartAfter: this.#prefix + cursor }
    const command = new ListObjectsV2Command({ Bucket: this.#bucket, Prefix: this.#prefix, ...after })
    const page = await this.#ask((signal) => this.#client.send(command, this.#attempt(signal)))
    const found = (page.Contents ?? []).map((o) => ({
      key: (o.Key ?? '').slice(this.#prefix.length),
      at: o.LastModified,
    }))
    const old = found.filter(({ key, at }) => sha256OfKey(key) && at && at.getTime() < olderThan)
    return { keys: old.map(({ key }) => key), next: page.IsTruncated ? (found.at(-1)?.key ?? null) : null }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client.destroy()
  }

  #object(key: string): { Bucket: string; Key: string } {
    if (!sha256OfKey(key)) throw new Error('Not a blob key')
    return { Bucket: this.#bucket, Key: this.#prefix + key }
  }

  async #deleteBatch(keys: string[]): Promise<void> {
    if (keys.length > 1 && this.#deletesMany) {
      const command = new DeleteObjectsCommand({
        Bucket: this.#bucket,
        Delete: { Quiet: true, Objects: keys.map((key) => ({ Key: this.#prefix + key })) },
      })
      const reply = await this.#ask((signal) =>
        this.#client.send(command, this.#attempt(signal)).catch((error: unknown) => {
          if (!isLacking(error)) throw error
          return undefined
        }),
      )
      if (reply) return checkDeleted(reply.Errors)
      this.#deletesMany = false
    }
    await Promise.all(keys.map((key) => this.#deleteOne(key)))
  }

  #deleteOne(key: string): Promise<void> {
    const command = new DeleteObjectCommand(this.#object(key))
    return this.#ask(async (signal) => {
      await this.#client.send(command, this.#attempt(signal)).catch(unlessAbsent)
    })
  }

  #attempt(abortSignal: AbortSignal, extraMs = 0): Attempt {
    return { abortSignal, requestTimeout: this.#attemptMs + extraMs }
  }

  async #ask<T>(work: (signal: AbortSignal) => Promise<T>, deadlineMs = this.#deadlineMs): Promise<T> {
    const signal = AbortSignal.timeout(Math.ceil(deadlineMs))
    // The slot, and each attempt of the client, listens to it.
    setMaxListeners(0, signal)
    try {
      return await this.#slots.run(signal, () => work(signal))
    } catch (cause) {
      throw new Failure('unavailable', 'The blob store does not answer now', { cause })
    }
  }
}

function clientOf(options: S3Options, agents: { http: Agent; https: SecureAgent }, silenceMs: number): S3Client {
  const { region, endpoint, accessKeyId, secretAccessKey, sessionToken } = options
  const known = accessKeyId !== undefined && secretAccessKey !== undefined
  return new S3Client({
    region,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(known
      ? { credentials: { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) } }
      : {}),
    // Buckets of other providers have no host name of their own.
    forcePathStyle: true,
    // Else bodies get checksum trailers that other providers keep as content.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    maxAttempts: ATTEMPTS,
    requestHandler: {
      connectionTimeout: CONNECT_MS,
      throwOnRequestTimeout: true,
      // Also in the middle of an answer.
      socketTimeout: silenceMs,
      httpAgent: agents.http,
      httpsAgent: agents.https,
    },
  })
}

async function readBody({ Body }: GetObjectCommandOutput, key: string): Promise<Buffer> {
  const read = (await Body?.transformToByteArray()) ?? new Uint8Array()
  const bytes = Buffer.from(read.buffer, read.byteOffset, read.length)
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  if (sha256 !== sha256OfKey(key)) throw new Error(`The bytes under ${key} are not those that were put there`)
  return bytes
}

// A bucket that is gone is an outage, not a message without bytes.
function unlessAbsent(error: unknown): undefined {
  const absent = error instanceof S3ServiceException && error.$metadata.httpStatusCode === 404
  if (!absent || error.name === 'NoSuchBucket') throw error
}

/** True for the answers of providers that cannot delete many at once, or not with the checksum that our client sends. */
function isLacking(error: unknown): boolean {
  return error instanceof S3ServiceException && [400, 405, 501].includes(error.$metadata.httpStatusCode ?? 0)
}

function checkDeleted(errors: { Code?: string | undefined }[] = []): void {
  const left = errors.filter(({ Code }) => Code !== 'NoSuchKey')
  if (left.length === 0) return
  const cause = new Error(`${left.length} objects were not deleted: ${left[0]?.Code}`)
  throw new Failure('unavailable', 'The blob store does not answer now', { cause })
}
