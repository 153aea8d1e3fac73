import { type Caller, demand } from '../accounts/caller.ts'
import { randomBase62 } from '../accounts/keys.ts'
import type { App } from '../app.ts'
import type { MailboxId } from '../ids.ts'
import { reachMailbox } from '../mailboxes/mailboxes.ts'
import { hashPassword } from './password.ts'

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'
const NAME_LENGTH = 12

/** A new user name and password for mail clients that send as this mailbox, in the place of those before. Answered here and never again. */
export async function issueCredential(
  app: App,
  caller: Caller,
  idOrAddress: string,
): Promise<{ username: string; password: string }> {
  // Whoever holds it can send: it is a key in all but name.
  demand(caller, 'api_key_create')
  demand(caller, 'message_send')
  const { id: mailboxId, orgId } = await reachMailbox(app, caller, idOrAddress)
  const username = usernameOf(mailboxId)
  const password = randomBase62(32)
  const passwordHash = await hashPassword(password)
  await app.store.run('submission.set-credential', { mailboxId, orgId, username, passwordHash })
  return { username, password }
}

/** Of the random end of the mailbox's id, so that it tells nothing and stays the same. */
function usernameOf(mailbox: MailboxId): string {
  let bits = BigInt(`0x${mailbox.replaceAll('-', '').slice(-15)}`)
  let text = ''
  for (let at = 0; at < NAME_LENGTH; at++) {
    text = ALPHABET[Number(bits & 31n)] + text
    bits >>= 5n
  }
  return `inb-${text}`
}
