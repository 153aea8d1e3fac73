import { randomInt } from 'node:crypto'
import type { Caller } from '../accounts/caller.ts'
import { hashKey, newKeyText } from '../accounts/keys.ts'
import type { App } from '../app.ts'
import { Failure, invalid, notFound } from '../errors.ts'
import { type ApiKeyId, newId, type OrgId } from '../ids.ts'
import { canonicalOrNone } from '../mailboxes/canonical.ts'
import { checkLocalPart } from '../mailboxes/local-part.ts'
import type { Mailbox } from '../mailboxes/model.ts'
import { operatorMailbox } from '../mailboxes/operator-mailbox.ts'
import { checkDraft } from '../outbound/draft.ts'
import { submit } from '../outbound/submit.ts'
import { authenticate } from '../secrets.ts'

const MAX_WORDS = 2048

export interface SignUpRequest {
  humanEmail: string
  username: string
  source?: string | null
  referrer?: string | null
}

/**
 * An organization with an inbox and a key, for an agent that has none; a code goes to its human. Anybody may ask, where the operator
 * allows it. The key's text is answered here and never again.
 */
export async function signUpAgent(app: App, request: SignUpRequest): Promise<{ mailbox: Mailbox; key: string }> {
  if (!app.settings.signUp) throw new Failure('not_found', 'Sign-up is not open on this server')
  const humanEmail = canonicalOrNone(request.humanEmail)
  if (!humanEmail) throw invalid('human_email', 'must be an address')
  const localPart = checkLocalPart(request.username)
  const [source, referrer] = [checkWords('source', request.source), checkWords('referrer', request.referrer)]
  const { mailDomain } = app.settings
  const domain = await app.store.read.domains.usable('nobody' as OrgId, mailDomain)
  if (!domain) throw new Failure('unavailable', 'The server is not set up yet')
  const { text, publicPart } = newKeyText()
  const code = String(randomInt(1_000_000)).padStart(6, '0')
  const { mailbox, mails } = await app.store.run('sign-up.begin', {
    ...{ humanEmail, localPart, domain: { id: domain.id, name: domain.name }, source, referrer },
    key: { id: newId<ApiKeyId>(), publicPart, hash: hashKey(text) },
    codeHash: codeHash(app, humanEmail, code),
  })
  if (mails) await mailCode(app, humanEmail, mailbox, code)
  return { mailbox, key: text }
}

function checkWords(field: string, text: string | null | undefined): string | null {
  if (text && text.length > MAX_WORDS) throw invalid(field, `must have at most ${MAX_WORDS} characters`)
  return text ?? null
}

// A code is short: without the server's secret a copy of the store does not give it away.
function codeHash(app: App, humanEmail: string, code: string): string {
  return authenticate(app.secrets.derive('sign-up codes'), [humanEmail, code]).toString('hex')
}

async function mailCode(app: App, humanEmail: string, { address }: Mailbox, code: string): Promise<void> {
  const text = [
    `An agent has made the inbox ${address} in your name.`,
    `If you want it, give the agent this code: ${code}`,
    'It is good for a day. If you do not know of this, do nothing: until somebody gives the code, that inbox can write to you only.',
  ].join('\n\n')
  const none = { cc: [], bcc: [], replyTo: [], html: null, labels: [], attachments: [] }
  const headers = { 'Auto-Submitted': 'auto-generated' }
  const request = { ...none, to: [humanEmail], subject: `Your code for ${address}: ${code}`, text, headers }
  const draft = checkDraft(request, [app.settings.mailDomain])
  const ancestry = { inReplyTo: null, references: [], joins: null }
  await submit(app, await operatorMailbox(app), { draft, attachments: [], idempotencyKey: null, ...ancestry })
}

/** Takes the code that the human got, and with it the limits off the caller's organization. */
export async function verifyAgent(app: App, caller: Caller, code: string): Promise<void> {
  const { orgId, keyId } = caller
  if (!/^[0-9]{6}$/.test(code)) throw invalid('otp_code', 'must be six digits')
  const known = await app.store.read.signUps.get(orgId)
  if (!known) throw notFound('sign-up')
  const hash = codeHash(app, known.humanEmail, code)
  const result = await app.store.run('sign-up.verify', { orgId, keyId, codeHash: hash })
  if (result === 'none') throw notFound('sign-up')
  if (result === 'wrong') throw invalid('otp_code', 'is wrong')
  if (result === 'dead') throw invalid('otp_code', 'is no longer valid: sign up again for a new one')
}
