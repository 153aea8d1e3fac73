import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createHandler, type Handler } from '../../src/api/handler.ts'
import { createMetrics } from '../../src/api/metrics.ts'
import { webhookRenderers } from '../../src/api/webhook-renderers.ts'
import { keyUsesOf } from '../../src/core/accounts/key-uses.ts'
import { foundOrganization } from '../../src/core/accounts/organizations.ts'
import type { App, Settings } from '../../src/core/app.ts'
import { Failure } from '../../src/core/errors.ts'
import { EventFeed } from '../../src/core/events/feed.ts'
import { JobWorker } from '../../src/core/jobs/worker.ts'
import { silentLog } from '../../src/core/log.ts'
import { resolveRecipient } from '../../src/core/mailboxes/resolve-recipient.ts'
import type { Copy, Filed } from '../../src/core/messages/file-inbound.ts'
import { receive } from '../../src/core/messages/receive.ts'
import type { FetchedFile } from '../../src/core/outbound/file-fetcher.ts'
import type { Consignment, RecipientReply } from '../../src/core/outbound/mail-sender.ts'
import { unheardAnswersOf } from '../../src/core/outbound/unheard-answers.ts'
import { DeliveryWorker } from '../../src/core/outbound/worker.ts'
import { secretsFrom } from '../../src/core/secrets.ts'
import { StatisticsWorker } from '../../src/core/statistics/worker.ts'
import { WaitingRoom } from '../../src/core/waiting/waiting-room.ts'
import type { WebhookRenderer } from '../../src/core/webhooks/renderer.ts'
import { safeHtml } from '../../src/protocol/html/safe-html.ts'
import { openLocalBlobs } from '../../src/storage/blobs/local.ts'
import { openSqliteSearch } from '../../src/storage/search/sqlite-search.ts'
import { openSqliteStore } from '../../src/storage/sqlite-store.ts'
import { ImapflowClient, type ImapflowClientOptions } from '../../src/transport/imap/imapflow-client.ts'
import { parseMail } from '../../src/transport/parser/parse-mail.ts'
import { HttpWebhookSender } from '../../src/transport/webhook-sender.ts'
import { type FakeRecords, fakeResolver } from '../fakes/dns-zone.ts'
import { type ManualClock, manualClock } from './clock.ts'

/** What came back, with the JSON read. */
export interface Reply {
  status: number
  headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  body: any
}

export interface CallOptions {
  key?: string | null
  /** Sent as JSON; a text, bytes or a stream go as they are. */
  body?: unknown
  headers?: Record<string, string>
}

/** The whole product in this process, on a fresh SQLite store in a folder of its own, asked through its fetch handler. */
export interface TestApp extends AsyncDisposable {
  app: App
  clock: ManualClock
  handler: Handler
  /** Admin key of the first organization. */
  key: string
  /** What `attachments[].url` leads to. */
  files: Map<string, FetchedFile | Failure>
  /** What was handed to the smarthost, and what it says to each recipient. */
  handedOver: Consignment[]
  answers: Map<string, Omit<RecipientReply, 'recipient'>>
  call(method: string, path: string, options?: CallOptions): Promise<Reply>
  fetch(path: string, init?: RequestInit): Promise<Response>
  /** Another organization; answers its admin key. */
  organization(fields?: { name?: string; mailboxLimit?: number | null; domainLimit?: number | null }): Promise<string>
  /** Takes a mail in from the outside, as the SMTP server would. */
  mail(to: string | string[], raw: string | Buffer, envelope?: Partial<TestEnvelope>): Promise<Filed[]>
  /** Runs deliveries and jobs until none is due. */
  work(): Promise<void>
}

interface TestEnvelope {
  mailFrom: string
  helo: string | null
  remoteAddress: string | null
  tls: string | null
}

export interface TestAppOptions {
  settings?: Partial<Settings>
  dns?: Record<string, FakeRecords>
  /** Private networks that webhooks may reach. */
  allowNet?: string[]
  /** How IMAP sources are fetched. */
  imap?: Partial<ImapflowClientOptions>
  renderers?: readonly WebhookRenderer[]
  /** Where the clock starts. */
  start?: number
  /** Where the data is kept, and stays; without one it goes with the app. */
  folder?: string
  /** Off for measurements. */
  checkReplies?: boolean
}

export async function testApp(options: TestAppOptions = {}): Promise<TestApp> {
  const { settings, dns = {}, allowNet = [], renderers = webhookRenderers, imap, start, checkReplies = true } = options
  await using opened = new AsyncDisposableStack()
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'posthouse-test-')))
  if (!options.folder) opened.defer(() => rm(folder, { recursive: true, force: true }))
  const clock = manualClock(start)
  const metrics = createMetrics()
  const store = metrics.countMail(opened.use(await openSqliteStore({ path: join(folder, 'posthouse.db'), clock })))
  const blobs = opened.use(await openLocalBlobs({ folder: join(folder, 'blobs'), clock }))
  const rowsPath = join(folder, 'posthouse.db')
  const search = opened.use(
    await openSqliteSearch({ path: join(folder, 'search.db'), rowsPath, events: store.read.events }),
  )
  const files: TestApp['files'] = new Map()
  const handedOver: Consignment[] = []
  const answers: TestApp['answers'] = new Map()
  const resolver = fakeResolver(dns)
  const feed = opened.use(new EventFeed({ clock, log: silentLog, store }))
  const app: App = {
    clock,
    log: silentLog,
    settings: { ...defaults, ...settings },
    secrets: secretsFrom('the secret of the tests'),
    store,
    blobs,
    search,
    parser: { parse: async (bytes) => parseMail(bytes) },
    htmlCleaner: { clean: async (html, options) => safeHtml(html, options) },
    resolver,
    freshResolver: resolver,
    files: { fetch: async (url) => fetchFake(files, url) },
    sender: {
      async send(_route, consignment) {
        handedOver.push(consignment)
        return consignment.recipients.map((recipient) => ({ recipient, ...(answers.get(recipient) ?? taken) }))
      },
    },
    keyUses: keyUsesOf(clock, store),
    unheardAnswers: unheardAnswersOf(clock, store),
    feed,
    waitingRoom: new WaitingRoom({ feed, store }),
    webhooks: { sender: opened.use(new HttpWebhookSender({ resolver, allowNet })), renderers },
    imap: new ImapflowClient({
      ...{ resolver, allowNet, ports: [143, 993], cleartext: false, maxMessageBytes: defaults.maxMessageBytes },
      ...imap,
    }),
  }
  await store.run('domains.ensure-platform', { name: app.settings.mailDomain })
  const { key } = await foundOrganization(app, { name: 'First' })
  const handler = createHandler(app, { metrics, checkReplies })
  const closing = opened.move()

  const fetch: TestApp['fetch'] = (path, init) => {
    clock.advance(1)
    return handler(new Request(new URL(path, 'http://posthouse.test'), init))
  }

  return {
    ...{ app, clock, handler, key, files, handedOver, answers, fetch },
    async call(method, path, options = {}) {
      const response = await fetch(path, toInit(method, { key, ...options }))
      const text = await response.text()
      const json = response.headers.get('content-type')?.startsWith('application/json')
      return { status: response.status, headers: response.headers, body: json ? JSON.parse(text) : text }
    },
    async organization({ name = 'Second', ...limits } = {}) {
      clock.advance(1)
      return (await foundOrganization(app, { name, ...limits })).key
    },
    mail(to, raw, envelope = {}) {
      clock.advance(1)
      return takeIn(app, [to].flat(), toBytes(raw), { ...fromOutside, ...envelope })
    },
    async work() {
      clock.advance(1)
      await using deliveries = new DeliveryWorker(app)
      await deliveries.idle()
      await using jobs = new JobWorker(app)
      await jobs.idle()
      await using statistics = new StatisticsWorker(app)
      await statistics.idle()
    },
    [Symbol.asyncDispose]: () => closing.disposeAsync(),
  }
}

const defaults: Settings = {
  mailDomain: 'posthouse.test',
  mailHost: 'mail.posthouse.test',
  submissionPort: 587,
  publicUrl: 'http://posthouse.test',
  route: { kind: 'sandbox' },
  rootKeyHash: null,
  maxMessageBytes: 50 * 1024 * 1024,
  usualMessageBytes: 25 * 1024 * 1024,
  trustedSealers: new Set(['sealer.example']),
  sendsPerMinute: 0,
  orgSendsPerMinute: 0,
  threadSendsPerHour: 0,
  hookKeys: 1,
  ingestSecret: null,
  disposableHours: 168,
  sendWaitMs: 0,
  signUp: false,
}

const fromOutside: TestEnvelope = {
  mailFrom: 'ada@example.com',
  helo: 'mx.example.com',
  remoteAddress: '192.0.2.1',
  tls: null,
}

const taken: Omit<RecipientReply, 'recipient'> = {
  result: 'sent',
  host: 'smarthost.test',
  replyCode: 250,
  enhancedCode: '2.0.0',
  text: 'Queued',
}

function fetchFake(files: TestApp['files'], url: string): FetchedFile {
  const file = files.get(url) ?? new Failure('fetch_failed', 'The file could not be fetched')
  if (file instanceof Failure) throw file
  return file
}

function toInit(method: string, { key, body, headers }: CallOptions): RequestInit {
  const raw = typeof body === 'string' || body instanceof Uint8Array || body instanceof ReadableStream
  return {
    method,
    headers: {
      ...(key ? { authorization: `Bearer ${key}` } : {}),
      ...(body !== undefined ? { 'content-type': 'application/json' } : {}),
      ...headers,
    },
    ...(body === undefined ? {} : { body: raw ? (body as string) : JSON.stringify(body), duplex: 'half' }),
  } as RequestInit
}

/** Lines of a test mail end as SMTP has them. */
function toBytes(raw: string | Buffer): Buffer {
  return typeof raw === 'string' ? Buffer.from(raw.replace(/\r?\n/g, '\r\n')) : raw
}

async function takeIn(app: App, recipients: string[], raw: Buffer, envelope: TestEnvelope): Promise<Filed[]> {
  const copies = new Map<string, Copy>()
  for (const recipient of recipients) {
    const { id, orgId, projectId } = await resolveRecipient(app, recipient)
    const copy = copies.get(id) ?? { mailbox: { id, orgId, projectId }, rcptTo: [] }
    copies.set(id, { ...copy, rcptTo: [...copy.rcptTo, recipient] })
  }
  return receive(app, { source: 'smtp', envelope, copies: [...copies.values()], raw })
}
