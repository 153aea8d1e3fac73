import type { Expression, ExpressionBuilder, SqlBool } from 'kysely'
import type { Reach } from '../../core/accounts/caller.ts'
import { hidingFlags, withheld } from '../../core/messages/hiding.ts'
import type { PageRequest } from '../../core/paging.ts'
import type { ThreadFilter } from '../../core/threads/store.ts'
import type { Database } from '../database.ts'
import { contains, cutPage } from '../paging.ts'
import type { Schema, ThreadTable } from '../schema.ts'
import { alive } from './alive.ts'

/** What a `Thread` is made of: all but the columns that only filters look at. */
export const threadColumns = [
  'id',
  'org_id',
  'mailbox_id',
  'subject',
  'preview',
  'last_message_id',
  'last_at',
  'last_received_at',
  'last_sent_at',
  'message_count',
  'size_bytes',
  'senders',
  'recipients',
  'labels',
  'unread_count',
  'hidden',
  'created_at',
  'updated_at',
] as const satisfies (keyof ThreadTable)[]

export type ThreadRow = Pick<ThreadTable, (typeof threadColumns)[number]>

export const selected = threadColumns.map((name) => `t.${name}` as const)

/** The rows of one page. */
export async function pageOfThreads(
  db: Database,
  reach: Reach,
  filter: ThreadFilter,
  page: PageRequest,
): Promise<{ rows: ThreadRow[]; total: number }> {
  const total = page.uncounted ? undefined : await countThreads(db, reach, filter)
  if (page.limit === 0 || total === 0) return { rows: [], total: total ?? 0 }
  const time = leadingLabel(reach, filter) === undefined ? ['t.last_at', 't.id'] : ['l.last_at', 'l.thread_id']
  const rows = await cutPage(matchingThreads(db, reach, filter).select(selected), page, time[0]!, time[1]!).execute()
  return { rows, total: total ?? rows.length }
}

/** What the default list of a mailbox shows is read from the mailbox's own count. */
async function countThreads(db: Database, reach: Reach, filter: ThreadFilter): Promise<number> {
  const filtered = Object.values(filter).some(
    (v) => v !== undefined && v !== false && !(Array.isArray(v) && v.length === 0),
  )
  if (filtered || reach.mailboxId === null) {
    const counted = matchingThreads(db, reach, filter).select((eb) => eb.fn.countAll<number>().as('n'))
    return (await counted.executeTakeFirstOrThrow()).n
  }
  const counted = db.kysely.selectFrom('mailboxes').select('thread_count').where('id', '=', reach.mailboxId)
  return (await counted.executeTakeFirst())?.thread_count ?? 0
}

function matchingThreads(db: Database, reach: Reach, filter: ThreadFilter) {
  const first = leadingLabel(reach, filter)
  const start = first === undefined ? threadsWithin(db, reach) : labelled(db, reach, first)
  const others = first === undefined ? (filter.labels ?? []) : (filter.labels ?? []).slice(1)
  return start.where((eb) => eb.and([...visibility(eb, filter), ...narrowed(eb, filter), ...having(eb, others)]))
}

// The index of labels is in the order of the list, but for one mailbox only.
function leadingLabel(reach: Reach, filter: ThreadFilter): string | undefined {
  return reach.mailboxId === null ? undefined : filter.labels?.[0]
}

/** The threads that a reach holds; beyond one mailbox, those of living ones. */
export function threadsWithin(db: Database, { orgId, projectId, mailboxId }: Reach) {
  const all = db.kysely.selectFrom('threads as t')
  if (mailboxId !== null) return all.where('t.mailbox_id', '=', mailboxId)
  const living = all.where((eb) =>
    eb.exists(
      eb.selectFrom('mailboxes as b').select('b.id').whereRef('b.id', '=', 't.mailbox_id').where(alive(db, 'b')),
    ),
  )
  return projectId === null ? living.where('t.org_id', '=', orgId) : living.where('t.project_id', '=', projectId)
}

function labelled(db: Database, reach: Reach, label: string) {
  const query = db.kysely
    .selectFrom('thread_labels as l')
    .innerJoin('threads as t', 't.id', 'l.thread_id')
    .where('l.mailbox_id', '=', reach.mailboxId ?? '')
    .where('l.label', '=', label)
  return query as unknown as ReturnType<typeof threadsWithin>
}

type Builder = ExpressionBuilder<Schema & { t: ThreadTable }, 't'>

/** Shown are threads with a message that nothing hides, and those with one that is hidden only by what was asked for. */
function visibility(eb: Builder, filter: ThreadFilter): Expression<SqlBool>[] {
  const left = withheld(filter)
  if (left.length === hidingFlags.length) return [eb('t.hidden', '=', 0)]
  if (left.length === 0) return []
  const asked = left.reduce((query, flag) => query.where(`m.${flag}`, '=', 0), messagesOf(eb))
  return [eb.or([eb('t.hidden', '=', 0), eb.exists(asked)])]
}

function messagesOf(eb: Builder) {
  return eb.selectFrom('messages as m').select('m.id').whereRef('m.thread_id', '=', 't.id')
}

function narrowed(eb: Builder, filter: ThreadFilter): Expression<SqlBool>[] {
  const { before, after, unread, received, sent, bounced, opened } = filter
  return [
    ...(before === undefined ? [] : [eb('t.last_at', '<', before)]),
    ...(after === undefined ? [] : [eb('t.last_at', '>', after)]),
    ...(unread ? [eb('t.unread_count', '>', 0)] : []),
    ...(received ? [eb('t.last_received_at', 'is not', null)] : []),
    ...(sent ? [eb('t.last_sent_at', 'is not', null)] : []),
    ...hidingFlags.filter((flag) => filter[flag]).map((flag) => eb.exists(messagesOf(eb).where(`m.${flag}`, '=', 1))),
    ...(bounced ? [eb.exists(messagesOf(eb).where('m.status', '=', 'bounced'))] : []),
    ...(opened ? [eb.exists(messagesOf(eb).where('m.opened', '=', 1))] : []),
    ...(filter.subject ?? []).map((text) => contains('t.subject_text', text)),
    ...(filter.senders ?? []).map((text) => contains('t.senders_text', text)),
    ...(filter.recipients ?? []).map((text) => contains('t.recipients_text', text)),
  ]
}

function having(eb: Builder, labels: string[]): Expression<SqlBool>[] {
  return labels.map((label) =>
    eb.exists(
      eb
        .selectFrom('thread_labels as x')
        .select('x.label')
        .whereRef('x.thread_id', '=', 't.id')
        .where('x.label', '=', label),
    ),
  )
}
