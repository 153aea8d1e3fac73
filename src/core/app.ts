import type { Resolver } from '../protocol/dns/resolver.ts'
import type { KeyUses } from './accounts/key-uses.ts'
import type { Clock } from './clock.ts'
import type { EventFeed } from './events/feed.ts'
import type { ImapClient } from './imap-sources/imap-client.ts'
import type { Log } from './log.ts'
import type { HtmlCleaner } from './messages/html-cleaner.ts'
import type { MailParser } from './messages/parser.ts'
import type { Search } from './messages/search-store.ts'
import type { FileFetcher } from './outbound/file-fetcher.ts'
import type { MailSender } from './outbound/mail-sender.ts'
import type { DeliveryRoute } from './outbound/route.ts'
import type { UnheardAnswers } from './outbound/unheard-answers.ts'
import type { Secrets } from './secrets.ts'
import type { BlobStore, Store } from './store.ts'
import type { WaitingRoom } from './waiting/waiting-room.ts'
import type { WebhookPorts } from './webhooks/renderer.ts'

/** What of the configuration the product's rules need. */
export interface Settings {
  /** The platform's mail domain, where mailboxes live that name no domain of their own. */
  mailDomain: string
  /** Our name in banners, trace fields and Authentication-Results. */
  mailHost: string
  /** Where mail clients hand their mail in. */
  submissionPort: number
  /** Base of every URL that we hand out, without a slash at the end. */
  publicUrl: string
  route: DeliveryRoute
  /** SHA-256 of POSTHOUSE_ROOT_KEY, which opens the first organization. */
  rootKeyHash: string | null
  /** Of a mail that comes in, whole message: as much as any mailbox may take. */
  maxMessageBytes: number
  /** Of a mailbox that has no limit of its own, and of mail that is sent. */
  usualMessageBytes: number
  /** Per mailbox; 0 is no limit. */
  sendsPerMinute: number
  /** Of all mailboxes of an organization; 0 is no limit. */
  orgSendsPerMinute: number
  /** Domains (lower case) whose ARC seals we believe. */
  trustedSealers: ReadonlySet<string>
  /** Per thread, against machines that answer each other; 0 is no limit. */
  threadSendsPerHour: number
  /** How many keys hook addresses have been made with; the last one makes the new ones. */
  hookKeys: number
  /** What mail that is pushed over HTTP is signed with; null where none is taken. */
  ingestSecret: string | null
  /** How long a disposable mailbox lives; 0 is for ever. */
  disposableHours: number
  /** How long a send over the disposable API waits for what becomes of it; 0 is not at all. */
  sendWaitMs: number
  /** Whether agents may make organizations of their own. */
  signUp: boolean
}

/** Everything core works with: its ports, joined once in `main.ts`. */
export interface App {
  clock: Clock
  log: Log
  settings: Settings
  secrets: Secrets
  store: Store
  blobs: BlobStore
  search: Search
  parser: MailParser
  htmlCleaner: HtmlCleaner
  resolver: Resolver
  /** Keeps no answers: for records that somebody has just changed and wants looked at. */
  freshResolver: Resolver
  files: FileFetcher
  sender: MailSender
  keyUses: KeyUses
  unheardAnswers: UnheardAnswers
  feed: EventFeed
  waitingRoom: WaitingRoom
  webhooks: WebhookPorts
  imap: ImapClient
}
