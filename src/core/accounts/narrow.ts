import type { App } from '../app.ts'
import { reachMailbox } from '../mailboxes/mailboxes.ts'
import type { Caller } from './caller.ts'
import { reachProject } from './projects.ts'

/**
 * The same caller, confined to a project (by id or its maker's name for it) or to a mailbox (by id or address): what a path that
 * names one is about. Everything that is then asked in this caller's name is answered from inside. What the caller may not see is
 * not found.
 */
export async function narrow(
  app: App,
  caller: Caller,
  to: { project?: string | undefined; mailbox?: string | undefined },
): Promise<Caller> {
  const inProject = to.project === undefined ? caller : await toProject(app, caller, to.project)
  if (to.mailbox === undefined) return inProject
  const { id, projectId } = await reachMailbox(app, inProject, to.mailbox)
  return { ...inProject, projectId, mailboxId: id }
}

async function toProject(app: App, caller: Caller, idOrClientId: string): Promise<Caller> {
  const { id } = await reachProject(app, caller, idOrClientId)
  return { ...caller, projectId: id, projectOnly: true }
}
