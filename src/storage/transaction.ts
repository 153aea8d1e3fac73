import type { EventReader } from '../core/events/store.ts'
import type { Reader, Tx } from '../core/store.ts'
import type { Connection } from './database.ts'
import { accountReader, accountWriter } from './tables/accounts.ts'
import { dkimKeyReader, dkimKeyWriter } from './tables/dkim-keys.ts'
import { domainReader, domainWriter } from './tables/domains.ts'
import { draftReader, draftWriter } from './tables/drafts.ts'
import { eventReader, eventWriter } from './tables/events.ts'
import { idempotencyWriter } from './tables/idempotency.ts'
import { imapSourceReader, imapSourceWriter } from './tables/imap-sources.ts'
import { jobReader, jobWriter } from './tables/jobs.ts'
import { listReader, listWriter } from './tables/lists.ts'
import { mailboxReader, mailboxWriter } from './tables/mailboxes.ts'
import { messageReader, messageWriter } from './tables/messages.ts'
import { outboundReader, outboundWriter } from './tables/outbound.ts'
import { projectReader, projectWriter } from './tables/projects.ts'
import { signUpReader, signUpWriter } from './tables/sign-ups.ts'
import { statisticsReader, statisticsWriter } from './tables/statistics.ts'
import { submissionReader, submissionWriter } from './tables/submission.ts'
import { suppressionReader, suppressionWriter } from './tables/suppressions.ts'
import { threadReader, threadWriter } from './tables/threads.ts'
import { webhookReader, webhookWriter } from './tables/webhooks.ts'

/** Core's reading side over one connection. */
export function readerOver(connection: Connection, now: () => number, onAppend: EventReader['onAppend']): Reader {
  const db = { ...connection, now }
  return {
    accounts: accountReader(db),
    projects: projectReader(db),
    domains: domainReader(db),
    dkimKeys: dkimKeyReader(db),
    mailboxes: mailboxReader(db),
    messages: messageReader(db),
    threads: threadReader(db),
    drafts: draftReader(db),
    outbound: outboundReader(db),
    suppressions: suppressionReader(db),
    lists: listReader(db),
    submission: submissionReader(db),
    events: { ...eventReader(db), onAppend },
    jobs: jobReader(db),
    webhooks: webhookReader(db),
    statistics: statisticsReader(db),
    signUps: signUpReader(db),
    imapSources: imapSourceReader(db),
  }
}

/**
 * Core's writing side over a transaction that somebody else begins and commits. What a command gets here in order to change it (a
 * mailbox, a message, a thread) is read under its mailbox's row, and that row is held first: so what two commands read and write
 * back never crosses, and they wait for each other in one order.
 */
export function transactionOver(connection: Connection, now: number, appended: () => void): Tx {
  const db = { ...connection, now: () => now }
  return {
    now,
    hold: (name) => db.engine.hold(db.kysely, name),
    accounts: accountWriter(db),
    projects: projectWriter(db),
    domains: domainWriter(db),
    dkimKeys: dkimKeyWriter(db),
    mailboxes: mailboxWriter(db),
    messages: messageWriter(db),
    threads: threadWriter(db),
    drafts: draftWriter(db),
    outbound: outboundWriter(db),
    suppressions: suppressionWriter(db),
    lists: listWriter(db),
    submission: submissionWriter(db),
    events: eventWriter(db, now, appended),
    jobs: jobWriter(db),
    idempotency: idempotencyWriter(db),
    webhooks: webhookWriter(db),
    statistics: statisticsWriter(db),
    signUps: signUpWriter(db),
    imapSources: imapSourceWriter(db),
  }
}
