import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls'
import type { SmtpReply } from '../../protocol/smtp/reply.ts'
import { ReplyReader } from '../../protocol/smtp/reply-reader.ts'
import { SmtpError, type SmtpErrorKind, type SmtpStage } from './smtp-error.ts'

/** A server that talks without being asked this much is no SMTP server. */
const MAX_UNREAD = 300
const CHUNK = 64 * 1024
const HUNG_UP = 'We hung up'

interface Waiter {
  resolve(reply: SmtpReply): void
  reject(error: SmtpError): void
}

/** One socket to a server: commands out, replies in, in order. After its first error everything fails. */
export class SmtpWire {
  #socket: Socket
  #reader = new ReplyReader()
  #unread: SmtpReply[] = []
  #waiter: Waiter | undefined
  #failure: { kind: SmtpErrorKind; text: string } | undefined
  #detach = () => {}
  #unsignal: () => void

  private constructor(socket: Socket, signal: AbortSignal | undefined) {
    this.#socket = socket
    this.#attach(socket)
    // Not left to the socket itself: node 26 crashes when the socket below a TLS one is destroyed while that one still writes.
    const hangUp = () => void this.#fail('lost', HUNG_UP)
    signal?.addEventListener('abort', hangUp)
    this.#unsignal = () => signal?.removeEventListener('abort', hangUp)
  }

  /** `signal` cuts it off at any time, the connecting included. */
  static async connect(address: string, port: number, timeoutMs: number, signal?: AbortSignal): Promise<SmtpWire> {
    if (signal?.aborted) throw new SmtpError('lost', 'connect', HUNG_UP)
    const socket = connectTcp({ host: address, port })
    socket.setNoDelay(true)
    const cut = () => socket.destroy(new Error(HUNG_UP))
    signal?.addEventListener('abort', cut)
    await opened(socket, 'connect', timeoutMs).finally(() => signal?.removeEventListener('abort', cut))
    return new SmtpWire(socket, signal)
  }

  /** True while nothing is wrong and the server has not said anything that nobody asked for. */
  get healthy(): boolean {
    return !this.#failure && this.#unread.length === 0
  }

  get hasReply(): boolean {
    return this.#unread.length > 0
  }

  get localAddress(): string | undefined {
    return this.#socket.localAddress
  }

  /** The next reply, whatever it says. */
  async reply(stage: SmtpStage, timeoutMs: number): Promise<SmtpReply> {
    const known = this.#unread.shift()
    if (known) return known
    if (this.#failure) throw new SmtpError(this.#failure.kind, stage, this.#failure.text)
    const { promise, resolve, reject } = Promise.withResolvers<SmtpReply>()
    this.#waiter = { resolve, reject }
    const timer = setTimeout(() => this.#fail('timeout', `No answer within ${timeoutMs / 1000} s`), timeoutMs)
    try {
      return await promise
    } catch (error) {
      if (!(error instanceof SmtpError)) throw error
      throw new SmtpError(error.kind, stage, error.message)
    } finally {
      clearTimeout(timer)
      this.#waiter = undefined
    }
  }

  send(line: string): void {
    if (!this.#failure) this.#socket.write(`${line}\r\n`)
  }

  /** Resolves with false when the server speaks before all is out. `timeoutMs` is for each piece. */
  async write(bytes: Buffer, timeoutMs: number): Promise<boolean> {
    for (let at = 0; at < bytes.length; at += CHUNK) {
      if (this.hasReply) return false
      await this.#writeChunk(bytes.subarray(at, at + CHUNK), timeoutMs)
    }
    return !this.hasReply
  }

  /** STARTTLS is agreed on: encrypts from here on, and tells what is wrong with the certificate, if anything. */
  async encrypt(host: string, options: ConnectionOptions, timeoutMs: number): Promise<string | null> {
    // What came in the clear must not be taken for something said under TLS (the STARTTLS injection of CVE-2011-0411).
    if (this.hasReply) throw this.#fail('protocol', 'The server spoke before it', 'TLS handshake')
    this.#detach()
    this.#socket.on('error', () => {})
    const tls = connectTls({
      ...options,
      socket: this.#socket,
      ...(isIP(host) ? {} : { servername: host }),
      rejectUnauthorized: false,
    })
    this.#socket = tls
    this.#reader = new ReplyReader()
    try {
      await opened(tls, 'TLS handshake', timeoutMs)
    } catch (error) {
      throw this.#fail('tls', (error as Error).message)
    }
    this.#attach(tls)
    return tls.authorized ? null : certificateProblem(tls)
  }

  destroy(): void {
    this.#fail('lost', 'The connection was closed')
  }

  /** Says goodbye, and does not wait for the answer. */
  quit(): void {
    if (this.#failure) return
    this.#failure = { kind: 'lost', text: 'The connection was closed' }
    this.#unsignal()
    const socket = this.#socket
    socket.end('QUIT\r\n')
    setTimeout(() => socket.destroy(), 1000).unref()
  }

  #writeChunk(chunk: Buffer, timeoutMs: number): Promise<void> {
    if (this.#failure) return Promise.reject(new SmtpError(this.#failure.kind, 'message', this.#failure.text))
    return new Promise((resolve, reject) => {
      const giveUp = () => reject(this.#fail('timeout', `Nothing was taken within ${timeoutMs / 1000} s`, 'message'))
      const timer = setTimeout(giveUp, timeoutMs)
      this.#socket.write(chunk, (error) => {
        clearTimeout(timer)
        if (error) reject(this.#fail('lost', textOf(error), 'message'))
        else resolve()
      })
    })
  }

  #attach(socket: Socket): void {
    const onData = (bytes: Buffer) => this.#take(bytes)
    const onError = (error: Error) => this.#fail('lost', textOf(error))
    const onClose = () => this.#fail('lost', 'The server closed the connection')
    socket.on('data', onData).on('error', onError).on('end', onClose).on('close', onClose)
    this.#detach = () => {
      socket.off('data', onData).off('error', onError).off('end', onClose).off('close', onClose)
    }
  }

  #take(bytes: Buffer): void {
    try {
      for (const reply of this.#reader.push(bytes)) this.#hand(reply)
    } catch (error) {
      this.#fail('protocol', (error as Error).message)
    }
    if (this.#unread.length > MAX_UNREAD) this.#fail('protocol', 'The server speaks without being asked')
  }

  #hand(reply: SmtpReply): void {
    const waiter = this.#waiter
    this.#waiter = undefined
    if (waiter) waiter.resolve(reply)
    else this.#unread.push(reply)
  }

  #fail(kind: SmtpErrorKind, text: string, stage: SmtpStage = 'connect'): SmtpError {
    this.#failure ??= { kind, text }
    this.#unsignal()
    const error = new SmtpError(this.#failure.kind, stage, this.#failure.text)
    this.#waiter?.reject(error)
    this.#waiter = undefined
    // Late errors of a socket that nobody listens to any more must not end the process.
    this.#socket.on('error', () => {})
    this.#socket.destroy()
    return error
  }
}

function opened(socket: Socket, stage: SmtpStage, timeoutMs: number): Promise<void> {
  const ready = stage === 'connect' ? 'connect' : 'secureConnect'
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const fail = (text: string, kind: SmtpErrorKind) => {
    socket.on('error', () => {})
    socket.destroy()
    reject(new SmtpError(kind, stage, text))
  }
  const kind = stage === 'connect' ? 'unreachable' : 'tls'
  const timer = setTimeout(() => fail(`No answer within ${timeoutMs / 1000} s`, kind), timeoutMs)
  const onError = (error: Error) => fail(textOf(error), kind)
  const onClose = () => fail('The server closed the connection', kind)
  socket.once(ready, resolve).once('error', onError).once('close', onClose)
  return promise.finally(() => {
    clearTimeout(timer)
    socket.off('error', onError).off('close', onClose)
  })
}

const causes: Record<string, string> = {
  ECONNREFUSED: 'Connection refused',
  ECONNRESET: 'Connection reset by the server',
  EPIPE: 'The server closed the connection',
  ETIMEDOUT: 'Connection timed out',
  EHOSTUNREACH: 'No route to the host',
  ENETUNREACH: 'Network is unreachable',
}

function textOf(error: Error): string {
  return causes[(error as NodeJS.ErrnoException).code ?? ''] ?? error.message
}

function certificateProblem(tls: TLSSocket): string {
  const problem: unknown = tls.authorizationError
  return problem instanceof Error ? problem.message : String(problem ?? 'The certificate is not trusted')
}
