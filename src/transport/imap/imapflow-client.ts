import { isIP } from 'node:net'
import type { ImapFlow, ImapFlowOptions, MailboxObject } from 'imapflow'
import { Failure } from '../../core/errors.ts'
import { type ImapClient, ImapError, type ImapLogin, type ImapSession } from '../../core/imap-sources/imap-client.ts'
import type { Resolver } from '../../protocol/dns/resolver.ts'
import { judgeHost } from '../net/judge-host.ts'
import { AddressPolicy } from '../net/public-address.ts'
import { ByteBudget } from '../smtp-server/byte-budget.ts'
import { type Phase, toImapError } from './errors.ts'
import { MAX_LINE_BYTES, SessionGuard } from './guard.ts'
import { ImapflowSession } from './imapflow-session.ts'

/** Of one host; where these do not answer, others of the same host would not either. */
const MAX_ADDRESSES = 4
const CONNECT_MS = 10_000
/** For large messages, of all sessions together. */
const MEMORY_BYTES = 96 * 1024 * 1024

export interface ImapflowClientOptions {
  resolver: Resolver
  /** CIDRs that may be reached although they are private, on any port. */
  allowNet: readonly string[]
  /** The ports of all other hosts. */
  ports: readonly number[]
  /** Without TLS from the first byte on, and without STARTTLS offered, log in all the same. */
  cleartext: boolean
  /** Largest message taken. */
  maxMessageBytes: number
  /** PEM; who vouches for the servers instead of those whom everybody trusts. */
  ca?: string
}

/**
 * Fetches by imapflow from servers that customers name: from no address that is not public unless the operator allowed it, in bounded
 * memory whatever the server says, and with the password only where its certificate is good.
 */
export class ImapflowClient implements ImapClient {
  readonly #options: ImapflowClientOptions
  readonly #policy: AddressPolicy
  readonly #budget = new ByteBudget(MEMORY_BYTES)

  constructor(options: ImapflowClientOptions) {
    this.#options = options
    this.#policy = new AddressPolicy(options.allowNet)
  }

  async check(host: string, port: number): Promise<void> {
    try {
      await this.#judge(host, port)
    } catch (error) {
      // A name that is not found now may be found with the first fetch, which tells if not.
      if (!(error instanceof ImapError) || error.problem === 'dns') return
      const issues = [{ path: ['host'], message: 'must be a public host, on a port of IMAP' }]
      throw new Failure('url_blocked', 'host: must be a public host, on a port of IMAP', { issues })
    }
  }

  async open(login: ImapLogin, { writes, signal }: { writes: boolean; signal: AbortSignal }): Promise<ImapSession> {
    const addresses = await this.#judge(login.host, login.port)
    let last = new ImapError('connect_timeout', 'out of time')
    for (const address of addresses.slice(0, MAX_ADDRESSES)) {
      if (signal.aborted) break
      try {
        return await this.#openAt(address, login, writes, signal)
      } catch (error) {
        if (!(error instanceof ImapError) || error.problem !== 'connect_timeout') throw error
        last = error
      }
    }
    throw last
  }

  /** The addresses that may be connected to. */
  async #judge(host: string, port: number): Promise<string[]> {
    try {
      const judged = await judgeHost(host, { resolver: this.#options.resolver, policy: this.#policy })
      if (!judged.opened && !this.#options.ports.includes(port)) throw new ImapError('blocked_host', 'port')
      return judged.addresses
    } catch (error) {
      if (error instanceof Failure && error.code === 'url_blocked') throw new ImapError('blocked_host', 'address')
      if (error instanceof Failure && error.code === 'fetch_failed') throw new ImapError('dns', 'no address')
      throw error
    }
  }

  async #openAt(address: string, login: ImapLogin, writes: boolean, signal: AbortSignal): Promise<ImapSession> {
    const { ImapFlow } = await loadImapflow()
    const guard = new SessionGuard()
    const client = new ImapFlow(this.#optionsFor(address, login, guard))
    const close = () => client.close()
    client.once('close', () => signal.removeEventListener('abort', close))
    signal.addEventListener('abort', close)
    guard.watch(client)
    let phase: Phase = 'connect'
    try {
      await client.connect()
      // A greeting that says we are in already would pass by STARTTLS.
      if (!client.secureConnection && !this.#options.cleartext) throw new ImapError('tls', 'no TLS')
      phase = 'folder'
      guard.allow()
      const folder: MailboxObject = await client.mailboxOpen(login.folder, { readOnly: !writes })
      if (!folder?.uidValidity) throw new ImapError('protocol', 'no UIDVALIDITY')
      return new ImapflowSession({ client, folder, guard, signal, budget: this.#budget })
    } catch (error) {
      client.close()
      throw toImapError(error, phase, guard, signal)
    }
  }

  #optionsFor(address: string, { host, port, useSsl, username, password }: ImapLogin, guard: SessionGuard) {
    const { cleartext, ca, maxMessageBytes } = this.#options
    return {
      // The address that was judged; the certificate goes by the name.
      host: address,
      ...(isIP(host) ? {} : { servername: host }),
      port,
      secure: useSsl,
      ...(useSsl || cleartext ? {} : { doSTARTTLS: true }),
      auth: { user: username, pass: password },
      tls: { minVersion: 'TLSv1.2', ...(ca === undefined ? {} : { ca }) },
      clientInfo: { name: 'Posthouse', version: false, vendor: false, 'support-url': false },
      logger: guard.logger,
      maxLineLength: MAX_LINE_BYTES,
      maxLiteralSize: maxMessageBytes,
      maxResponseSize: maxMessageBytes + 4 * MAX_LINE_BYTES,
      connectionTimeout: CONNECT_MS,
      greetingTimeout: CONNECT_MS,
      disableAutoIdle: true,
      // What a few bytes unfold to would have no bound.
      disableCompression: true,
      disableAutoEnable: true,
      disableIMAP4rev2: true,
      disableBinary: true,
    } satisfies ImapFlowOptions
  }
}

/** With the first source: memory that most servers never need. */
function loadImapflow(): Promise<{ ImapFlow: typeof ImapFlow }> {
  return import('imapflow')
}
