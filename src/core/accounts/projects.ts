import type { App } from '../app.ts'
import { checkClientId } from '../client-id.ts'
import { Failure, invalid, notFound } from '../errors.ts'
import { isUuid, type ProjectId } from '../ids.ts'
import type { Page, PageRequest } from '../paging.ts'
import { type Caller, demand, demandWholeOrganization, reachOf } from './caller.ts'
import type { Project } from './model.ts'

const MAX_NAME = 256

/** Makes a project; `created` is false when `clientId` led to the one that is there. */
export async function createProject(
  app: App,
  caller: Caller,
  input: { name?: string | null; clientId?: string | null },
): Promise<{ project: Project; created: boolean }> {
  const clientId = checkClientId(input.clientId)
  const name = checkName(input.name ?? clientId ?? 'unnamed')
  demandWholeOrganization(caller, 'project_create')
  return app.store.run('accounts.create-project', { orgId: caller.orgId, name, clientId })
}

function checkName(value: string): string {
  if (/[\r\n\0]/.test(value) || !value.isWellFormed()) throw invalid('name', 'must not hold line breaks')
  const name = value.trim()
  const { length } = [...name]
  if (length < 1 || length > MAX_NAME) throw invalid('name', `must have 1 to ${MAX_NAME} characters`)
  return name
}

/** The projects that the caller may see, newest first. */
export async function listProjects(app: App, caller: Caller, page: PageRequest): Promise<Page<Project>> {
  demand(caller, 'project_read')
  return app.store.read.projects.list(reachOf(caller), page)
}

/** A project of the caller, by its id or its maker's name for it. */
export async function getProject(app: App, caller: Caller, idOrClientId: string): Promise<Project> {
  demand(caller, 'project_read')
  return reachProject(app, caller, idOrClientId)
}

/** Like `getProject`, for what is done inside one: the permission asked for is that of the doing. */
export async function reachProject(app: App, caller: Caller, idOrClientId: string): Promise<Project> {
  // A key of one mailbox does not learn what surrounds it.
  if (caller.mailboxId !== null) throw notFound('project')
  const { projects } = app.store.read
  const byId = isUuid(idOrClientId) ? await projects.get(caller.orgId, idOrClientId as ProjectId) : undefined
  // A maker's name may well look like an id.
  const project = byId ?? (await projects.byClientId(caller.orgId, idOrClientId))
  if (!project || (caller.projectOnly && caller.projectId !== project.id)) throw notFound('project')
  return project
}

/** Deletes an empty project. */
export async function deleteProject(app: App, caller: Caller, idOrClientId: string): Promise<void> {
  demand(caller, 'project_delete')
  const { id, orgId } = await reachProject(app, caller, idOrClientId)
  if (caller.projectOnly) throw new Failure('in_use', 'A key cannot delete the project it lives in')
  await app.store.run('accounts.delete-project', { orgId, id })
}
