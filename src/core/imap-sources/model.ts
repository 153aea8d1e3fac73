import type { ImapSourceId, MailboxId, OrgId } from '../ids.ts'

/** What becomes of a message on the foreign server once it is filed here. */
export const afterFetchActions = ['none', 'read', 'delete'] as const
export type AfterFetchAction = (typeof afterFetchActions)[number]

/** Why a fetch failed: never the words of the server, which are nobody's business and may say anything. */
export type FetchProblem =
  | 'dns'
  | 'blocked_host'
  | 'connect_timeout'
  | 'tls'
  | 'auth'
  | 'folder_not_found'
  | 'protocol'
  /** The messages are here; marking or deleting them there is tried again with the next fetch. */
  | 'after_fetch'
  /** Nothing is wrong with the server: we could not file what it gave. */
  | 'internal'

/** How far a folder was read (RFC 3501 §2.3.1.1). */
export interface ImapPosition {
  /** Null before the first fetch. When it changes, every UID means another message. */
  uidValidity: string | null
  /** Everything up to here was looked at. */
  lastUid: number
  /** Filed here, and not yet marked or deleted there; ascending. */
  pending: number[]
}

/** Where it is and how to get in. The password is sealed for the row that holds it. */
export interface ImapAccount {
  host: string
  port: number
  /** True: TLS from the first byte. False: STARTTLS. */
  useSsl: boolean
  username: string
  folder: string
  sealedPassword: string
  /** Which key it is sealed with. */
  keyId: string
}

/** A foreign mailbox whose mail is fetched into one of ours. */
export interface ImapSource extends ImapAccount {
  id: ImapSourceId
  orgId: OrgId
  mailboxId: MailboxId
  fetchIntervalMinutes: number
  afterFetchAction: AfterFetchAction
  position: ImapPosition
  /** The last fetch: when it ended, what came of it. */
  lastFetchAt: number | null
  lastSuccessAt: number | null
  lastError: FetchProblem | null
  lastFetched: number
  lastIngested: number
  /** How many fetches failed since the last good one. */
  failures: number
  nextFetchAt: number
  /** Whoever fetches holds this, until then at the longest; nobody else fetches meanwhile. */
  lease: string | null
  leaseUntil: number | null
  createdAt: number
  /** Null until it is changed. */
  updatedAt: number | null
}

/** What one fetch brought. */
export interface FetchReport {
  sourceId: ImapSourceId
  /** Downloaded, and of these newly filed. */
  fetched: number
  ingested: number
  problem: FetchProblem | null
}

/** One fetched message, for the transaction that files it. */
export interface FetchedMark {
  sourceId: ImapSourceId
  /** Of the fetch: when another one holds the source by now, nothing is filed. */
  lease: string
  uidValidity: string
  uid: number
  /** What is filed is to be marked or deleted there. */
  acts: boolean
}
