import type { Expression, ExpressionBuilder, SqlBool } from 'kysely'
import type { Reach } from '../../core/accounts/caller.ts'
import type { Draft, DraftAttachment, FullDraft } from '../../core/drafts/model.ts'
import type { DraftFilter, DraftReader, DraftWriter } from '../../core/drafts/store.ts'
import type { DraftId } from '../../core/ids.ts'
import type { Page, PageRequest } from '../../core/paging.ts'
import type { Database } from '../database.ts'
import { cutPage } from '../paging.ts'
import type { DraftTable, Schema } from '../schema.ts'
import { alive } from './alive.ts'
import { eraseParts } from './draft-purge.ts'
import * as rows from './draft-rows.ts'

const listed = rows.draftColumns.map((name) => `d.${name}` as const)

export function draftReader(db: Database): DraftReader {
  return {
    find: (reach, id) => full(db, within(db, reach).where('d.id', '=', id)),
    list: (reach, filter, page) => listDrafts(db, reach, filter, page),
    async attachment(org, id) {
      const row = await db.kysely
        .selectFrom('draft_attachments as f')
        .innerJoin('drafts as d', 'd.id', 'f.draft_id')
        .innerJoin('mailboxes as m', 'm.id', 'd.mailbox_id')
        .selectAll('f')
        .where('f.id', '=', id)
        .where('d.org_id', '=', org)
        .where(alive(db, 'm'))
        .executeTakeFirst()
      return row && rows.toAttachment(row)
    },
  }
}

export function draftWriter(db: Database): DraftWriter {
  const { kysely } = db
  return {
    ...draftReader(db),
    async get(mailbox, id) {
      await db.engine.holdMailbox(kysely, mailbox)
      return full(db, live(db).where('d.id', '=', id).where('d.mailbox_id', '=', mailbox))
    },
    byClientId: (org, clientId) =>
      full(db, live(db).where('d.org_id', '=', org).where('d.client_id', '=', clientId).limit(1)),
    async insert(draft) {
      await kysely.insertInto('drafts').values(rows.fromDraft(draft)).execute()
      await insertParts(db, draft)
    },
    async update(draft) {
      const { id, org_id: _org, mailbox_id: _mailbox, ...changed } = rows.fromDraft(draft)
      await kysely.updateTable('drafts').set(changed).where('id', '=', id).execute()
      await eraseParts(db, [id])
      await insertParts(db, draft)
    },
    async delete(id) {
      await kysely.deleteFrom('drafts').where('id', '=', id).execute()
      await eraseParts(db, [id])
    },
  }
}

function live(db: Database) {
  return db.kysely.selectFrom('drafts as d').innerJoin('mailboxes as m', 'm.id', 'd.mailbox_id').where(alive(db, 'm'))
}

function within(db: Database, { orgId, projectId, mailboxId }: Reach) {
  let drafts = live(db).where('d.org_id', '=', orgId)
  if (projectId !== null) drafts = drafts.where('m.project_id', '=', projectId)
  return mailboxId === null ? drafts : drafts.where('d.mailbox_id', '=', mailboxId)
}

async function full(db: Database, found: ReturnType<typeof live>): Promise<FullDraft | undefined> {
  const row = await found.select([...listed, 'd.text', 'd.html', 'm.address']).executeTakeFirst()
  const [draft] = row ? await withAttachments(db, [row]) : []
  return row && draft && { ...draft, text: row.text, html: row.html }
}

async function listDrafts(db: Database, reach: Reach, filter: DraftFilter, page: PageRequest): Promise<Page<Draft>> {
  const matching = within(db, reach).where((eb) => eb.and(narrowed(eb, filter)))
  const total = page.uncounted ? undefined : await countRows(matching)
  if (page.limit === 0) return { items: [], total: total ?? 0 }
  const cut = cutPage(matching.select([...listed, 'm.address']), page, 'd.updated_at', 'd.id')
  const items = await withAttachments(db, await cut.execute())
  return { items, total: total ?? items.length }
}

async function countRows(matching: ReturnType<typeof live>): Promise<number> {
  return (await matching.select((eb) => eb.fn.countAll<number>().as('n')).executeTakeFirstOrThrow()).n
}

type Builder = ExpressionBuilder<Schema & { d: DraftTable }, 'd'>

function narrowed(eb: Builder, { labels = [], scheduled, before, after }: DraftFilter): Expression<SqlBool>[] {
  return [
    ...(scheduled ? [eb('d.send_status', 'in', ['scheduled', 'sending'])] : []),
    ...(before === undefined ? [] : [eb('d.updated_at', '<', before)]),
    ...(after === undefined ? [] : [eb('d.updated_at', '>', after)]),
    ...labels.map((label) =>
      eb.exists(
        eb
          .selectFrom('draft_labels as x')
          .select('x.label')
          .whereRef('x.draft_id', '=', 'd.id')
          .where('x.label', '=', label),
      ),
    ),
  ]
}

/** The drafts of these rows, in their order, with their files. */
async function withAttachments(db: Database, found: rows.DraftRow[]): Promise<Draft[]> {
  if (found.length === 0) return []
  const ids = found.map((row) => row.id)
  const all = db.kysely.selectFrom('draft_attachments').selectAll().where('draft_id', 'in', ids).orderBy('position')
  const files = Map.groupBy(await all.execute(), (row) => row.draft_id)
  return found.map((row) => rows.toDraft(row, (files.get(row.id) ?? []).map(rows.toAttachment)))
}

async function insertParts({ kysely }: Database, { id, labels, attachments }: FullDraft): Promise<void> {
  const names = labels.map((label) => ({ draft_id: id, label }))
  if (names.length > 0) await kysely.insertInto('draft_labels').values(names).execute()
  const files = attachments.map((file: DraftAttachment, at) => rows.fromAttachment(id as DraftId, at, file))
  if (files.length > 0) await kysely.insertInto('draft_attachments').values(files).execute()
}
