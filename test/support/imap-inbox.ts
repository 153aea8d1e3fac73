import type { Caller } from '../../src/core/accounts/caller.ts'
import { authenticateKey } from '../../src/core/accounts/keys.ts'
import { fetchImapSource } from '../../src/core/imap-sources/fetch-now.ts'
import { type CreateImapSource, createImapSource } from '../../src/core/imap-sources/imap-sources.ts'
import type { ImapSource } from '../../src/core/imap-sources/model.ts'
import { createMailbox } from '../../src/core/mailboxes/mailboxes.ts'
import type { Mailbox } from '../../src/core/mailboxes/model.ts'
import type { Message } from '../../src/core/messages/model.ts'
import type { TestApp } from './app.ts'
import { unique } from './builders.ts'

/** A mailbox here that is to be filled from elsewhere. */
export interface ImapInbox {
  caller: Caller
  mailbox: Mailbox
  add(fields: CreateImapSource): Promise<ImapSource>
  /** Fetches now; without the id, which says nothing. */
  fetch(source: ImapSource): Promise<{ fetched: number; ingested: number; problem: string | null }>
  /** The source as it is now. */
  look(source: ImapSource): Promise<ImapSource>
  /** Oldest first. */
  messages(): Promise<Message[]>
  subjects(): Promise<(string | null)[]>
}

export async function imapInbox({ app, key }: Pick<TestApp, 'app' | 'key'>): Promise<ImapInbox> {
  const caller = await authenticateKey(app, key)
  const { mailbox } = await createMailbox(app, caller, { localPart: unique('box') })
  const messages = async () => {
    const { items } = await app.store.read.messages.list(mailbox.id, {}, { limit: 1000, ascending: true })
    return items
  }
  return {
    ...{ caller, mailbox, messages },
    add: (fields) => createImapSource(app, caller, mailbox.address, fields),
    async fetch({ id }) {
      const { fetched, ingested, problem } = await fetchImapSource(app, caller, mailbox.address, id)
      return { fetched, ingested, problem }
    },
    async look({ id }) {
      const source = await app.store.read.imapSources.get(mailbox.id, id)
      if (!source) throw new Error('The source is gone')
      return source
    },
    messages,
    subjects: async () => (await messages()).map(({ subject }) => subject),
  }
}
