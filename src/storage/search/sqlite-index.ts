import type { DatabaseSync } from 'node:sqlite'
import type { MessageId } from '../../core/ids.ts'
import type { SearchEntry, SearchIndex, SearchQuery, SearchStep } from '../../core/messages/search-store.ts'
import type { ReadingConnection } from '../reading-connection.ts'
import { queryWords, wordsOf } from './words.ts'

/**
 * Made anew when it is not there: everything in it follows from the log. `scope` holds the mailbox and the organization as words, so
 * that one look into the index answers for a mailbox and not for the server. The texts themselves are not kept twice. Eight segments
 * are merged at a time and not the four that are usual: each word is written less often, which takes some 7 % off each mail.
 */
const schema = `
  create table if not exists entries (
    number integer primary key, message_id text not null unique, mailbox_id text not null, at integer not null);
  create index if not exists entries_by_mailbox on entries (mailbox_id);
  create table if not exists position (only integer primary key check (only = 1), seq integer not null);
  insert or ignore into position (only, seq) values (1, 0);
  create virtual table if not exists words using fts5 (
    scope, subject, people, body, content = '', contentless_delete = 1, detail = column,
    tokenize = "unicode61 remove_diacritics 0 categories 'L* N* M* Co So'");
  insert into words (words, rank) values ('hashsize', ${8 * 1024 * 1024});
  insert into words (words, rank) values ('automerge', 8)`

export function createSqliteIndex(connection: DatabaseSync): void {
  connection.exec('begin immediate')
  try {
    connection.exec(schema)
    connection.exec('commit')
  } catch (error) {
    if (connection.isTransaction) connection.exec('rollback')
    throw error
  }
}

/** The index over a writing connection. */
export function sqliteIndex(connection: DatabaseSync): SearchIndex {
  const statements = prepare(connection)
  return {
    position: async () => Number(statements.position.get()?.seq),
    async take(step) {
      connection.exec('begin immediate')
      try {
        takeStep(statements, step)
        connection.exec('commit')
      } catch (error) {
        if (connection.isTransaction) connection.exec('rollback')
        throw error
      }
    },
  }
}

// All of these are read as rows, never as counts: a full-text table gives row numbers of its own making, beyond what a number holds.
function prepare(connection: DatabaseSync) {
  return {
    position: connection.prepare(POSITION),
    move: connection.prepare('update position set seq = ? where seq = ? returning seq'),
    remove: connection.prepare('delete from entries where message_id = ? returning number'),
    removeMailbox: connection.prepare('delete from entries where mailbox_id = ? returning number'),
    removeWords: connection.prepare('delete from words where rowid = ?'),
    add: connection.prepare('insert into entries (message_id, mailbox_id, at) values (?, ?, ?) returning number'),
    addWords: connection.prepare('insert into words (rowid, scope, subject, people, body) values (?, ?, ?, ?, ?)'),
  }
}

function takeStep(s: ReturnType<typeof prepare>, step: SearchStep): void {
  if (!s.move.get(step.to, step.from)) return
  for (const entry of step.add) {
    for (const { number } of s.remove.all(entry.id)) s.removeWords.all(number ?? null)
    addEntry(s, entry)
  }
  const gone = [
    ...step.remove.flatMap((id) => s.remove.all(id)),
    ...step.removeMailboxes.flatMap((id) => s.removeMailbox.all(id)),
  ]
  for (const { number } of gone) s.removeWords.all(number ?? null)
}

function addEntry(s: ReturnType<typeof prepare>, entry: SearchEntry): void {
  const added = s.add.get(entry.id, entry.mailboxId, entry.at)
  const scope = `${scopeWord('m', entry.mailboxId)} ${scopeWord('o', entry.orgId)}`
  const texts = [entry.subject, entry.people, entry.body].map((text) => wordsOf(text).join(' '))
  s.addWords.all(added?.number ?? null, scope, ...texts)
}

/** How far in the event log the index has come, over a reading connection. */
export function positionInSqlite(index: ReadingConnection): number {
  return Number(index.all(POSITION)[0]?.seq)
}

const POSITION = 'select seq from position'

// A word of the subject weighs more than one of a name, and both more than one of the body.
const FIND = `
  select e.message_id from words join entries e on e.number = words.rowid
  where words match ? and e.at > ? and e.at < ?
  order by bm25(words, 0, 8, 4, 1), e.at desc limit ? offset ?`

/** Looks a query up over a reading connection. */
export function findInSqlite(index: ReadingConnection, query: SearchQuery): MessageId[] {
  const asked = queryWords(query.text)
  if (asked.length === 0) return []
  const bounds = [query.after ?? -1, query.before ?? Number.MAX_SAFE_INTEGER]
  const rows = index.all(FIND, matchOf(query, asked), ...bounds, query.limit, query.offset ?? 0)
  return rows.map((row) => String(row.message_id) as MessageId)
}

// Words hold letters and digits only, so quoting them is enough; nothing of the user's text is FTS syntax.
function matchOf(query: SearchQuery, words: string[]): string {
  const scope = query.mailboxId ? scopeWord('m', query.mailboxId) : scopeWord('o', query.orgId)
  return `scope : "${scope}" AND {subject people body} : (${words.map((word) => `"${word}" *`).join(' AND ')})`
}

function scopeWord(kind: 'm' | 'o', id: string): string {
  return `${kind}${id.replace(/[^0-9a-z]/g, '')}`
}
