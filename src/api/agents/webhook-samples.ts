import type { App } from '../../core/app.ts'
import type { DomainView } from '../../core/domains/own-domains.ts'
import type { DomainId, MailboxId, MessageId, ProjectId, ThreadId } from '../../core/ids.ts'
import { type Mailbox, openPolicy } from '../../core/mailboxes/model.ts'
import type { Message, MessageContent } from '../../core/messages/model.ts'
import type { Thread } from '../../core/threads/model.ts'
import type { WebhookEvent } from '../../core/webhooks/model.ts'

const ada = { name: 'Ada Lovelace', address: 'ada@example.com' }
const inbox = { name: null, address: 'agent@example.org' }
const subject = 'Notes on the engine'
const text = 'The engine weaves algebraic patterns.'

const payloads: Partial<Record<WebhookEvent['type'], Record<string, unknown>>> = {
  'message.sent': { recipients: [ada.address] },
  'message.delivered': { recipients: [ada.address] },
  'message.bounced': {
    bounceType: 'Permanent',
    subType: 'NoEmail',
    recipients: [{ address: ada.address, status: '5.1.1' }],
  },
  'message.complained': { complaintType: 'abuse', subType: null, recipients: [ada.address] },
  'message.rejected': { reason: 'suppressed' },
}

/** An event that never was, filled with what one of its kind tells. Its ids lead nowhere, and are the same at each attempt. */
export function sampleOf(event: WebhookEvent): WebhookEvent {
  return {
    ...event,
    mailboxId: event.mailboxId ?? idIn<MailboxId>(event),
    threadId: idIn<ThreadId>(event),
    messageId: idIn<MessageId>(event),
    payload: payloads[event.type] ?? {},
  }
}

function idIn<Id extends string>(event: WebhookEvent): Id {
  return event.id as string as Id
}

/** The mail that a sample tells of. */
export function sampleMail(event: WebhookEvent): { message: Message; content: MessageContent; thread: Thread } {
  const { orgId, createdAt: at } = event
  const mailboxId = event.mailboxId ?? idIn<MailboxId>(event)
  const place = { orgId, mailboxId, subject, preview: text, sizeBytes: 612, labels: [], createdAt: at, updatedAt: at }
  const flags = {
    seen: false,
    flagged: false,
    handled: false,
    handledAt: null,
    spam: false,
    blocked: false,
    unauthenticated: false,
    trashed: false,
    hasCode: false,
    hasLink: false,
  }
  const message: Message = {
    ...{ ...place, ...flags, id: idIn(event), threadId: idIn(event), at, sentAt: at, opened: false },
    ...{ direction: 'inbound', source: 'smtp', status: null, messageId: '<sample@example.com>' },
    ...{ from: [ada], to: [inbox], cc: [], bcc: [], replyTo: [], inReplyTo: null, references: [], attachments: [] },
    ...{ sha256: '0'.repeat(64), blobKey: '' },
  }
  const content: MessageContent = {
    ...{ text, html: null, extractedText: text, extractedHtml: null, headers: [{ name: 'Subject', value: subject }] },
    ...{ envelope: null, authentication: null, defects: [], codes: [], links: [], risk: null },
  }
  const thread: Thread = {
    ...{ ...place, id: idIn(event), lastMessageId: idIn(event), lastAt: at, lastReceivedAt: at, lastSentAt: null },
    ...{ messageCount: 1, unreadCount: 1, hidden: false, senders: [ada], recipients: [inbox] },
  }
  return { message, content, thread }
}

/** The mailbox that a sample tells of. */
export function sampleMailbox(event: WebhookEvent): Mailbox {
  const { orgId, createdAt: at } = event
  const [localPart = '', domain = ''] = inbox.address.split('@')
  return {
    ...{ id: event.mailboxId ?? idIn<MailboxId>(event), orgId, projectId: idIn<ProjectId>(event) },
    ...{ address: inbox.address, localPart, domain, displayName: null, clientId: null, metadata: {} },
    ...{
      policy: openPolicy,
      expiresAt: null,
      createdBy: null,
      enabled: true,
      messageCount: 1,
      threadCount: 1,
      sizeBytes: 612,
    },
    ...{ createdAt: at, updatedAt: at },
  }
}

/** The domain that a sample tells of. */
export function sampleDomain({ settings }: App, event: WebhookEvent): DomainView {
  const { orgId, createdAt: at } = event
  const name = 'example.org'
  const value = settings.mailHost
  const state = { status: 'valid' as const, reason: null, found: [`10 ${value}`] }
  const mx = { type: 'MX', purpose: 'mx', key: `MX ${name}`, name, value, strings: [], priority: 10 } as const
  return {
    domain: {
      ...{
        id: idIn<DomainId>(event),
        orgId,
        projectId: null,
        name,
        status: 'verified',
        feedbackEnabled: true,
        subdomainsEnabled: false,
        trackingEnabled: false,
        states: {},
      },
      ...{ checkedAt: at, recheckAt: null, failingSince: null, createdAt: at, updatedAt: at },
    },
    records: [{ ...mx, strings: [], required: true, state }],
  }
}
