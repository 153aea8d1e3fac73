import { notFound } from '../errors.ts'
import type { OrgId, ProjectId } from '../ids.ts'
import type { Tx } from '../store.ts'

/** Refuses to put something into a project that is gone by now. Under the organization's lock it then stays until the commit. */
export async function checkProject(
  tx: Tx,
  { orgId, projectId }: { orgId: OrgId; projectId: ProjectId },
): Promise<void> {
  if (!(await tx.projects.get(orgId, projectId))) throw notFound('project')
}
