import type { App } from '../app.ts'
import type { MailboxId, OrgId, ProjectId } from '../ids.ts'

const KNOWN = 10_000

/** Looks up which project a mailbox of this organization lives in, once each: it never moves. Undefined when it is gone. */
export function mailboxProjects(app: App, orgId: OrgId): (mailbox: MailboxId) => Promise<ProjectId | undefined> {
  const known = new Map<MailboxId, ProjectId>()
  return async (id) => {
    const before = known.get(id)
    if (before) return before
    const mailbox = await app.store.read.mailboxes.get(orgId, id)
    if (!mailbox) return undefined
    if (known.size >= KNOWN) known.clear()
    known.set(id, mailbox.projectId)
    return mailbox.projectId
  }
}
