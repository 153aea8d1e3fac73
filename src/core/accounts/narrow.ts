import type { App } from '../app.ts'
import { notFound } from '../errors.ts'
import { isUuid, type ProjectId } from '../ids.ts'
import { reachMailbox } from '../mailboxes/mailboxes.ts'
import type { Caller } from './caller.ts'

/**
 * The same caller, confined to a project or to a mailbox (by id or address): what a path that names one is about. Everything that is
 * then asked in this caller's name is answered from inside. What the caller may not see is not found.
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

async function toProject(app: App, caller: Caller, id: string): Promise<Caller> {
  // A key of one mailbox does not learn what surrounds it.
  if (caller.mailboxId !== null) throw notFound('project')
  const project = isUuid(id) ? await app.store.read.accounts.project(caller.orgId, id as ProjectId) : undefined
  if (!project || (caller.projectOnly && caller.projectId !== project.id)) throw notFound('project')
  return { ...caller, projectId: project.id, projectOnly: true }
}
