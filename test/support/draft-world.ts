import type { Caller } from '../../src/core/accounts/caller.ts'
import { authenticateKey, createKey } from '../../src/core/accounts/keys.ts'
import type { Permission } from '../../src/core/accounts/model.ts'
import { createDraft, type DraftRequest } from '../../src/core/drafts/create.ts'
import type { FullDraft } from '../../src/core/drafts/model.ts'
import { createMailbox } from '../../src/core/mailboxes/mailboxes.ts'
import type { Mailbox } from '../../src/core/mailboxes/model.ts'
import type { Message } from '../../src/core/messages/model.ts'
import type { AttachmentInput } from '../../src/core/outbound/attachments.ts'
import { type TestApp, type TestAppOptions, testApp } from './app.ts'
import { unique } from './builders.ts'

/** A mailbox, those who may do something with its drafts, and what came of it. */
export interface DraftWorld extends AsyncDisposable {
  t: TestApp
  mailbox: Mailbox
  /** May do everything. */
  admin: Caller
  /** May do what is named and nothing else. */
  holderOf(...permissions: Permission[]): Promise<Caller>
  write(fields?: Partial<DraftRequest>, caller?: Caller): Promise<FullDraft>
  find(draft: FullDraft): Promise<FullDraft | undefined>
  /** What was sent, oldest first. */
  sent(): Promise<Message[]>
  /** A mail from outside. */
  receive(text: string): Promise<Message>
}

export async function draftWorld(options: TestAppOptions = {}): Promise<DraftWorld> {
  const t = await testApp(options)
  const admin = await authenticateKey(t.app, t.key)
  const { mailbox } = await createMailbox(t.app, admin, { localPart: unique('desk') })
  const list = async (direction: Message['direction']) => {
    const { messages } = t.app.store.read
    return (await messages.list(mailbox.id, { direction }, { limit: 100, ascending: true })).items
  }
  return {
    ...{ t, mailbox, admin },
    async holderOf(...permissions) {
      const { text } = await createKey(t.app, admin, { name: 'confined', permissions })
      return authenticateKey(t.app, text)
    },
    async write(fields = {}, caller = admin) {
      return (await createDraft(t.app, caller, mailbox.id, draftRequest(fields))).draft
    },
    find: ({ id, orgId }) => t.app.store.read.drafts.find({ orgId, projectId: null, mailboxId: null }, id),
    sent: () => list('outbound'),
    async receive(text) {
      await t.mail(mailbox.address, text)
      return (await list('inbound')).at(-1)!
    },
    [Symbol.asyncDispose]: () => t[Symbol.asyncDispose](),
  }
}

export function draftRequest(fields: Partial<DraftRequest> = {}): DraftRequest {
  return {
    to: ['Ada Lovelace <ada@example.com>'],
    cc: [],
    bcc: [],
    replyTo: [],
    subject: 'Notes on the engine',
    text: 'It weaves algebraic patterns.',
    html: null,
    labels: [],
    attachments: [],
    inReplyTo: null,
    forwardOf: null,
    replyAll: false,
    sendAt: null,
    clientId: null,
    ...fields,
  }
}

/** A small file to attach. */
export function textFile(content: string, fields: Partial<AttachmentInput> = {}): AttachmentInput {
  const base64 = Buffer.from(content).toString('base64')
  const unsaid = { contentType: null, disposition: null, contentId: null, url: null }
  return { filename: 'notes.txt', content: base64, ...unsaid, ...fields }
}
