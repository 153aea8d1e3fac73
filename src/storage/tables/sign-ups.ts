import type { ApiKeyId, MailboxId, OrgId } from '../../core/ids.ts'
import type { SignUp } from '../../core/sign-up/model.ts'
import type { SignUpReader, SignUpWriter } from '../../core/sign-up/store.ts'
import type { Database } from '../database.ts'
import type { SignUpTable } from '../schema.ts'
import { statement } from '../statement.ts'

const byOrganization = statement((db, v: { org: string }) =>
  db.selectFrom('sign_ups').selectAll().where('org_id', '=', v.org),
)

export function signUpReader(db: Database): SignUpReader {
  return {
    async get(org) {
      const row = await byOrganization.first(db, { org })
      return row && toSignUp(row)
    },
    async byHumanEmail(address) {
      const named = db.kysely.selectFrom('sign_ups').selectAll().where('human_email', '=', address)
      const row = await named.executeTakeFirst()
      return row && toSignUp(row)
    },
  }
}

export function signUpWriter(db: Database): SignUpWriter {
  return {
    ...signUpReader(db),
    async put(signUp) {
      const { org_id, ...changed } = fromSignUp(signUp)
      const added = db.kysely.insertInto('sign_ups').values({ org_id, ...changed })
      await added.onConflict((clash) => clash.column('org_id').doUpdateSet(changed)).execute()
    },
  }
}

function toSignUp(row: SignUpTable): SignUp {
  return {
    orgId: row.org_id as OrgId,
    humanEmail: row.human_email,
    mailboxId: row.mailbox_id as MailboxId,
    keyId: row.key_id as ApiKeyId,
    nextKeyId: row.next_key_id as ApiKeyId | null,
    codeHash: row.code_hash,
    codeMadeAt: row.code_made_at,
    codeTries: row.code_tries,
    verifiedAt: row.verified_at,
    sendsSince: row.sends_since,
    sends: row.sends,
    source: row.source,
    referrer: row.referrer,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}

function fromSignUp(s: SignUp): SignUpTable {
  return {
    org_id: s.orgId,
    human_email: s.humanEmail,
    mailbox_id: s.mailboxId,
    key_id: s.keyId,
    next_key_id: s.nextKeyId,
    code_hash: s.codeHash,
    code_made_at: s.codeMadeAt,
    code_tries: s.codeTries,
    verified_at: s.verifiedAt,
    sends_since: s.sendsSince,
    sends: s.sends,
    source: s.source,
    referrer: s.referrer,
    created_at: s.createdAt,
    updated_at: s.updatedAt,
  }
}
