import type { Caller } from '../../src/core/accounts/caller.ts'
import type { LoggedEvent } from '../../src/core/events/model.ts'
import type { Mailbox } from '../../src/core/mailboxes/model.ts'
import { sendMessage } from '../../src/core/outbound/send.ts'
import type { TestApp } from './app.ts'

/** Somebody with every right in the organization of a mailbox. */
export function ownerOf({ orgId, projectId }: Mailbox): Caller {
  const rights = { scopes: ['admin' as const], permissions: null, mailboxId: null, projectOnly: false, expiresAt: null }
  return { orgId, projectId, keyId: null, keyName: 'owner', ...rights }
}

/** Sends a message as its owner would. */
export function send({ app }: TestApp, mailbox: Mailbox, ...to: string[]) {
  const request = {
    ...{ to, cc: [], bcc: [], replyTo: [], labels: [], attachments: [], headers: {} },
    ...{ subject: 'Notes', text: 'On the engine', html: null },
  }
  return sendMessage(app, ownerOf(mailbox), mailbox.id, request)
}

/** What became of a message, recipient by recipient, with the words of the last attempt. */
export async function fates({ app }: TestApp, id: Awaited<ReturnType<typeof send>>): Promise<string[]> {
  const deliveries = await app.store.read.outbound.ofMessage(id.messageId)
  return deliveries.map((d) => `${d.recipient} ${d.status}`)
}

/** The events of a mailbox of these types, without what is new in every run. */
export async function eventsOf({ app }: TestApp, mailbox: Mailbox, ...types: LoggedEvent['type'][]) {
  const all = await app.store.read.events.after(0, 1000, mailbox.orgId)
  return all
    .filter((e) => e.mailboxId === mailbox.id && types.includes(e.type))
    .map(({ type, payload }) => ({ type, ...payload }))
}

/** A bounce as a server of the recipient's writes it. */
export function bounceMail(
  recipient: string,
  fields: { status?: string; action?: string; diagnostic?: string; messageId?: string; to?: string } = {},
): string {
  const {
    status = '5.1.1',
    action = 'failed',
    diagnostic = '550 5.1.1 User unknown',
    messageId,
    to = 'x@y.test',
  } = fields
  return `From: MAILER-DAEMON@mx.example.com
To: <${to}>
Subject: Undelivered Mail Returned to Sender
Message-ID: <${Math.random()}@mx.example.com>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

Your mail to <${recipient}> was not delivered.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.com

Final-Recipient: rfc822; ${recipient}
Action: ${action}
Status: ${status}
Diagnostic-Code: smtp; ${diagnostic}

--b
Content-Type: text/rfc822-headers

From: box@posthouse.test
${messageId ? `Message-ID: ${messageId}\n` : ''}Subject: Notes

--b--
`
}

/** A reader's complaint, as a provider passes it on (RFC 5965). */
export function complaintMail(recipient: string, fields: { messageId?: string; type?: string } = {}): string {
  return `From: feedback@provider.test
To: <x@y.test>
Subject: FW: Notes
Message-ID: <${Math.random()}@provider.test>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="b"

--b
Content-Type: text/plain

This is an abuse report.

--b
Content-Type: message/feedback-report

Feedback-Type: ${fields.type ?? 'abuse'}
User-Agent: Provider/1.0
Version: 1
Original-Rcpt-To: <${recipient}>

--b
Content-Type: message/rfc822

From: box@posthouse.test
To: ${recipient}
${fields.messageId ? `Message-ID: ${fields.messageId}\n` : ''}Subject: Notes

On the engine
--b--
`
}
