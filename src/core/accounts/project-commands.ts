import { Failure, notFound } from '../errors.ts'
import { newId, type OrgId, type ProjectId } from '../ids.ts'
import type { Tx } from '../store.ts'
import { forgetProject } from '../webhooks/commands.ts'
import { wholeOrganization } from './caller.ts'
import type { Project } from './model.ts'

const MAX_PROJECTS_PER_ORGANIZATION = 1000

/** Makes a project; the same `clientId` answers the one that is there, as it is. */
export async function createProject(
  tx: Tx,
  input: { orgId: OrgId; name: string; clientId: string | null },
): Promise<{ project: Project; created: boolean }> {
  const { orgId, clientId } = input
  await tx.accounts.lockOrganization(orgId)
  const twin = clientId === null ? undefined : await tx.projects.byClientId(orgId, clientId)
  if (twin) return { project: twin, created: false }
  const { total } = await tx.projects.list(wholeOrganization(orgId), { limit: 0 })
  if (total >= MAX_PROJECTS_PER_ORGANIZATION) {
    throw new Failure('limit_reached', `An organization may have ${MAX_PROJECTS_PER_ORGANIZATION} projects`)
  }
  const times = { createdAt: tx.now, updatedAt: tx.now }
  const project: Project = { id: newId<ProjectId>(), ...input, isDefault: false, ...times }
  await tx.projects.insert(project)
  await tx.events.append(eventOf(project, 'project.created'))
  return { project, created: true }
}

/** Deletes an empty project. The default one stays, since it takes what names none. */
export async function deleteProject(tx: Tx, input: { orgId: OrgId; id: ProjectId }): Promise<void> {
  const { orgId, id } = input
  await tx.accounts.lockOrganization(orgId)
  const project = await tx.projects.get(orgId, id)
  if (!project) throw notFound('project')
  if (project.isDefault) throw new Failure('in_use', 'The default project cannot be deleted')
  const content = await tx.projects.contentOf(id)
  if (content) throw new Failure('in_use', `This project still has ${content}: delete them first`)
  await tx.projects.delete(id)
  await forgetProject(tx, orgId, id)
  await tx.events.append(eventOf(project, 'project.deleted'))
}

function eventOf({ orgId, id, name }: Project, type: 'project.created' | 'project.deleted') {
  return { orgId, mailboxId: null, threadId: null, messageId: null, type, payload: { projectId: id, name } }
}
