import { may } from '../accounts/caller.ts'
import { authenticateKey } from '../accounts/keys.ts'
import type { App } from '../app.ts'
import { Failure } from '../errors.ts'
import { canonicalOrNone } from '../mailboxes/canonical.ts'
import { reachMailbox } from '../mailboxes/mailboxes.ts'
import type { Mailbox } from '../mailboxes/model.ts'
import type { RememberedPasswords } from './remembered-passwords.ts'

/** What a client says of itself. */
export interface Credentials {
  username: string
  password: string
}

/** Who has logged in to send. */
export interface Login {
  /** The mailbox they send as; undefined when what was shown at the login opens nothing any more. */
  confirm(): Promise<Mailbox | undefined>
}

/**
 * Opens a mailbox for sending: the user is its user name or its address, the password is the one of its credential or an API key that
 * may send as it. Undefined when that is wrong, whatever of it.
 */
export async function logIn(
  app: App,
  passwords: RememberedPasswords,
  { username, password }: Credentials,
): Promise<Login | undefined> {
  const mailbox = await mailboxOf(app, username)
  if (mailbox && (await opensByKey(app, mailbox, password))) return byKey(app, mailbox, password)
  const credential = mailbox && (await app.store.read.submission.ofMailbox(mailbox.id))
  const right = await passwords.isPassword(password, credential?.passwordHash ?? NOBODYS)
  return mailbox && credential && right ? byCredential(app, mailbox, credential.passwordHash) : undefined
}

/** Looked at in vain, so that the time of a refusal does not tell who has a password. */
const NOBODYS = `$scrypt$ln=14,r=8,p=1$${'A'.repeat(22)}$${'A'.repeat(43)}`

async function mailboxOf(app: App, user: string): Promise<Mailbox | undefined> {
  if (user.includes('@')) {
    const address = canonicalOrNone(user)
    return address === undefined ? undefined : app.store.read.mailboxes.byAddress(address)
  }
  const credential = await app.store.read.submission.byUsername(user.toLowerCase())
  return credential && app.store.read.mailboxes.get(credential.orgId, credential.mailboxId)
}

function byCredential(app: App, { id, orgId }: Mailbox, passwordHash: string): Login {
  return {
    async confirm() {
      const now = await app.store.read.submission.ofMailbox(id)
      return now?.passwordHash === passwordHash ? app.store.read.mailboxes.get(orgId, id) : undefined
    },
  }
}

function byKey(app: App, mailbox: Mailbox, key: string): Login {
  return { confirm: () => opensByKey(app, mailbox, key) }
}

async function opensByKey(app: App, mailbox: Mailbox, key: string): Promise<Mailbox | undefined> {
  try {
    const caller = await authenticateKey(app, key)
    return may(caller, 'message_send') ? await reachMailbox(app, caller, mailbox.id) : undefined
  } catch (error) {
    if (error instanceof Failure && error.code !== 'unavailable') return undefined
    throw error
  }
}
