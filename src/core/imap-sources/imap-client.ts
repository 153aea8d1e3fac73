import type { FetchProblem, ImapAccount } from './model.ts'

/** Why a server could not be read. `detail` is for the log, in words of ours: a server may well repeat the password in its own. */
export class ImapError extends Error {
  override name = 'ImapError'
  readonly problem: FetchProblem
  readonly detail: string

  constructor(problem: FetchProblem, detail: string) {
    super(`${problem}: ${detail}`)
    this.problem = problem
    this.detail = detail
  }
}

export interface ImapLogin extends Pick<ImapAccount, 'host' | 'port' | 'useSsl' | 'username' | 'folder'> {
  password: string
}

/** A message on the server. */
export interface RemoteMessage {
  uid: number
  /** RFC822.SIZE, which is what the server says. */
  sizeBytes: number
}

/** One connection with one folder open. All that it throws is an `ImapError`. */
export interface ImapSession extends AsyncDisposable {
  uidValidity: string
  /** Up to `limit` messages behind this UID, oldest first. */
  after(uid: number, limit: number): Promise<{ messages: RemoteMessage[]; more: boolean }>
  /**
   * The bytes of a message, which stays unseen. Undefined when it is gone. `too_large`: there were more than `maxBytes`, and the
   * session is over.
   */
  read(message: RemoteMessage, maxBytes: number): Promise<Buffer | 'too_large' | undefined>
  /** Sets \Seen on these. */
  markSeen(uids: readonly number[]): Promise<void>
  /** Deletes exactly these; where the server knows no UID EXPUNGE (RFC 4315) they are only flagged. */
  delete(uids: readonly number[]): Promise<void>
}

/** Talks to the IMAP servers that customers name. */
export interface ImapClient {
  /** Refuses with `url_blocked` a host or port that is never asked. */
  check(host: string, port: number): Promise<void>
  /** `writes`: messages may be marked and deleted. When `signal` aborts, so does everything that goes on in the session. */
  open(login: ImapLogin, options: { writes: boolean; signal: AbortSignal }): Promise<ImapSession>
}
