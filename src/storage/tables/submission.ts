import type { MailboxId, OrgId } from '../../core/ids.ts'
import type { SubmissionCredential } from '../../core/submission/model.ts'
import type { SubmissionReader, SubmissionWriter } from '../../core/submission/store.ts'
import type { Database } from '../database.ts'
import type { SubmissionCredentialTable } from '../schema.ts'

export function submissionReader(db: Database): SubmissionReader {
  return {
    byUsername: (username) => find(db, 'username', username),
    ofMailbox: (mailbox) => find(db, 'mailbox_id', mailbox),
  }
}

export function submissionWriter(db: Database): SubmissionWriter {
  return {
    ...submissionReader(db),
    async put(credential) {
      const row = toRow(credential)
      const insert = db.kysely.insertInto('submission_credentials').values(row)
      await insert.onConflict((clash) => clash.column('mailbox_id').doUpdateSet(row)).execute()
    },
    async delete(mailbox) {
      await db.kysely.deleteFrom('submission_credentials').where('mailbox_id', '=', mailbox).execute()
    },
  }
}

async function find(
  db: Database,
  column: 'username' | 'mailbox_id',
  value: string,
): Promise<SubmissionCredential | undefined> {
  const row = await db.kysely
    .selectFrom('submission_credentials')
    .selectAll()
    .where(column, '=', value)
    .executeTakeFirst()
  return row && toCredential(row)
}

function toCredential(row: SubmissionCredentialTable): SubmissionCredential {
  return {
    mailboxId: row.mailbox_id as MailboxId,
    orgId: row.org_id as OrgId,
    username: row.username,
    passwordHash: row.password_hash,
    createdAt: row.created_at,
  }
}

function toRow(c: SubmissionCredential): SubmissionCredentialTable {
  return {
    mailbox_id: c.mailboxId,
    org_id: c.orgId,
    username: c.username,
    password_hash: c.passwordHash,
    created_at: c.createdAt,
  }
}
