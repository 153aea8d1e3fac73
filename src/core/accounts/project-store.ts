import type { OrgId, ProjectId } from '../ids.ts'
import type { Page, PageRequest } from '../paging.ts'
import type { Reach } from './caller.ts'
import type { Project } from './model.ts'

export interface ProjectReader {
  get(org: OrgId, id: ProjectId): Promise<Project | undefined>
  byClientId(org: OrgId, clientId: string): Promise<Project | undefined>
  /** Newest first, ties by id. From inside a mailbox there is none to be seen. */
  list(reach: Reach, page: PageRequest): Promise<Page<Project>>
}

export interface ProjectWriter extends ProjectReader {
  insert(project: Project): Promise<void>
  delete(id: ProjectId): Promise<void>
  /** A kind of thing that is in it; undefined when it is empty. */
  contentOf(id: ProjectId): Promise<'mailboxes' | 'domains' | 'API keys' | 'webhooks' | undefined>
}
