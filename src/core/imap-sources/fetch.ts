import type { App } from '../app.ts'
import { Failure, type FailureCode } from '../errors.ts'
import type { Mailbox } from '../mailboxes/model.ts'
import { maxBytesOf } from '../mailboxes/policy.ts'
import { isKept } from '../messages/file-inbound.ts'
import { receive } from '../messages/receive.ts'
import { returnPathOf } from './envelope.ts'
import { ImapError, type ImapSession, type RemoteMessage } from './imap-client.ts'
import type { FetchedMark, FetchReport, ImapPosition, ImapSource } from './model.ts'
import { openPassword } from './password.ts'
import { waitAfterFetch } from './poll-plan.ts'

/** After this the connection is cut, whatever the server is at. */
export const FETCH_MS = 60_000
/** After this no further message is begun, so that those that were filed can be marked. */
const BEGIN_MS = 45_000
/** Longer than a fetch with the filing of its last message: a source whose worker died is taken up again after it. */
export const FETCH_LEASE_MS = 2 * FETCH_MS
const MOST_MESSAGES = 200

/** Refusals of one message that it would meet again however often it came. */
const lasting: ReadonlySet<FailureCode> = new Set(['invalid', 'too_large', 'loop', 'rejected', 'unprocessable'])

/** A claimed source, and under which lease. */
export type ClaimedSource = ImapSource & { lease: string }

/**
 * Fetches what is new in a claimed source, and gives it back with what came of it. Undefined: the mailbox takes no mail now, or the
 * source was changed meanwhile. When `stop` aborts the fetch ends soon; what is not on record by then comes with the next one.
 */
export async function fetchSource(
  app: App,
  source: ClaimedSource,
  stop?: AbortSignal,
): Promise<FetchReport | undefined> {
  const { id: sourceId, lease, fetchIntervalMinutes: intervalMinutes } = source
  const mailbox = await app.store.read.mailboxes.get(source.orgId, source.mailboxId)
  if (!mailbox?.enabled || (mailbox.expiresAt !== null && mailbox.expiresAt <= app.clock.now())) {
    const waitMs = waitAfterFetch({ intervalMinutes, problem: null, failures: 0, more: false })
    await app.store.run('imap-sources.postpone', { sourceId, lease, waitMs })
    return undefined
  }
  const fetch = new Fetch(app, source, mailbox)
  const problem = await fetch.run(stop)
  if (problem === 'lost') return undefined
  const failures = problem === null || problem === 'after_fetch' ? 0 : source.failures + 1
  const { fetched, ingested, more } = fetch
  const waitMs = waitAfterFetch({ intervalMinutes, problem, failures, more })
  await app.store.run('imap-sources.finish', { sourceId, lease, fetched, ingested, problem, failures, waitMs })
  return { sourceId, fetched, ingested, problem }
}

/** One run through a folder. */
class Fetch {
  fetched = 0
  ingested = 0
  more = false
  readonly #app: App
  readonly #source: ClaimedSource
  readonly #mailbox: Mailbox
  readonly #maxBytes: number
  #position: ImapPosition

  constructor(app: App, source: ClaimedSource, mailbox: Mailbox) {
    this.#app = app
    this.#source = source
    this.#mailbox = mailbox
    this.#position = structuredClone(source.position)
    this.#maxBytes = maxBytesOf(app.settings, mailbox.policy)
  }

  async run(stop: AbortSignal | undefined): Promise<FetchReport['problem'] | 'lost'> {
    const { clock, log } = this.#app
    const late = new AbortController()
    const cancel = clock.at(clock.now() + FETCH_MS, () => late.abort())
    try {
      return await this.#run(stop ? AbortSignal.any([stop, late.signal]) : late.signal)
    } catch (error) {
      if (stop?.aborted || (error instanceof Failure && error.code === 'conflict')) return 'lost'
      const { id: sourceId } = this.#source
      if (error instanceof ImapError) {
        log.debug({ sourceId, problem: error.problem, detail: error.detail }, 'an IMAP source could not be fetched')
        // A slow server that gave something is no broken one.
        return late.signal.aborted && this.fetched > 0 ? null : error.problem
      }
      log.error({ err: error, sourceId }, 'fetched mail could not be filed')
      return 'internal'
    } finally {
      cancel()
    }
  }

  async #run(signal: AbortSignal): Promise<FetchReport['problem']> {
    const source = this.#source
    const password = openPassword(this.#app, source)
    if (password === undefined) throw new ImapError('auth', 'the password is sealed with another key')
    const begun = this.#app.clock.now()
    const writes = source.afterFetchAction !== 'none'
    await using session = await this.#app.imap.open({ ...source, password }, { writes, signal })
    const { uidValidity } = session
    if (this.#position.uidValidity !== uidValidity) this.#position = { uidValidity, lastUid: 0, pending: [] }
    const { messages, more } = await session.after(this.#position.lastUid, MOST_MESSAGES)
    this.more = more
    for (const message of messages) {
      if (this.#app.clock.now() - begun > BEGIN_MS || signal.aborted) {
        this.more = true
        break
      }
      // The connection is over; the next one goes on behind this message.
      if ((await this.#take(session, message)) === 'over') {
        this.more = false
        return null
      }
    }
    // Awaited here: the session must not end before.
    return await this.#act(session)
  }

  async #take(session: ImapSession, message: RemoteMessage): Promise<'over' | undefined> {
    if (message.sizeBytes > this.#maxBytes) return this.#pass(message)
    const raw = await session.read(message, this.#maxBytes)
    if (raw === 'too_large') {
      await this.#pass(message)
      return 'over'
    }
    if (raw === undefined) return this.#pass(message)
    this.fetched += 1
    const mark = this.#markOf(message)
    const filed = await this.#file(raw, mark)
    if (filed === undefined) return this.#pass(message)
    if (filed === 'stored') this.ingested += 1
    this.#position.lastUid = message.uid
    if (mark.acts) this.#position.pending.push(message.uid)
  }

  /** Undefined when it is not kept: refused for good, or by the mailbox. */
  async #file(raw: Buffer, fetched: FetchedMark): Promise<string | undefined> {
    const { id, orgId, projectId, address } = this.#mailbox
    const session = { helo: null, remoteAddress: null, tls: null }
    const envelope = { mailFrom: returnPathOf(raw), ...session, imapSourceId: this.#source.id }
    const copies = [{ mailbox: { id, orgId, projectId }, rcptTo: [address] }]
    try {
      const [filed] = await receive(this.#app, { source: 'imap', envelope, copies, raw, fetched })
      return filed && isKept(filed) ? filed.result : undefined
    } catch (error) {
      if (error instanceof Failure && lasting.has(error.code)) return undefined
      throw error
    }
  }

  async #pass(message: RemoteMessage): Promise<undefined> {
    await this.#app.store.run('imap-sources.pass', this.#markOf(message))
    this.#position.lastUid = message.uid
  }

  #markOf({ uid }: RemoteMessage): FetchedMark {
    const { id: sourceId, lease, afterFetchAction } = this.#source
    const uidValidity = this.#position.uidValidity ?? ''
    return { sourceId, lease, uidValidity, uid, acts: afterFetchAction !== 'none' }
  }

  /** All of these are filed, and committed. */
  async #act(session: ImapSession): Promise<FetchReport['problem']> {
    const { id: sourceId, lease, afterFetchAction } = this.#source
    const uids = this.#position.pending
    if (uids.length === 0 || afterFetchAction === 'none') return null
    try {
      await (afterFetchAction === 'read' ? session.markSeen(uids) : session.delete(uids))
    } catch (error) {
      if (!(error instanceof ImapError)) throw error
      const { detail } = error
      this.#app.log.debug({ sourceId, detail }, 'fetched messages could not be marked on their server')
      return 'after_fetch'
    }
    await this.#app.store.run('imap-sources.settle', { sourceId, lease, uids })
    return null
  }
}
