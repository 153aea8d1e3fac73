import { z } from 'zod'
import type { Project } from '../../../core/accounts/model.ts'
import { createProject, deleteProject, getProject, listProjects } from '../../../core/accounts/projects.ts'
import { route } from '../../route.ts'
import { parsePodRef, printId } from '../ids.ts'
import { printTime, Time } from '../time.ts'
import { present } from './absent.ts'
import { pageOf, sortedQuery, toPage, toPageRequest } from './paging.ts'

const Pod = z
  .object({
    pod_id: z.string(),
    name: z.string(),
    client_id: z.string().optional(),
    updated_at: Time,
    created_at: Time,
  })
  .meta({ id: 'Pod' })

export const pods = {
  list: route({
    method: 'GET',
    path: '/pods',
    summary: 'The pods, newest first',
    query: sortedQuery,
    reply: pageOf('pods', Pod),
    async handle(call) {
      const { items } = await listProjects(call.app, call.caller, toPageRequest(call, 'pods'))
      return toPage(call, 'pods', items, {
        toItem: toPod,
        cursorOf: ({ createdAt, id }) => ({ at: createdAt, id }),
      })
    },
  }),

  create: route({
    method: 'POST',
    path: '/pods',
    summary: 'Make a pod; a client_id that is in use answers the pod that has it',
    body: z.object({ name: z.string().nullish(), client_id: z.string().nullish() }),
    reply: Pod,
    async handle({ app, caller, body }) {
      const { project } = await createProject(app, caller, {
        name: body.name ?? null,
        clientId: body.client_id ?? null,
      })
      return toPod(project)
    },
  }),

  get: route({
    method: 'GET',
    path: '/pods/:pod_id',
    summary: 'One pod, by its id or client_id',
    reply: Pod,
    async handle({ app, caller, params }) {
      return toPod(await getProject(app, caller, parsePodRef(params.pod_id)))
    },
  }),

  delete: route({
    method: 'DELETE',
    path: '/pods/:pod_id',
    summary: 'Delete an empty pod',
    async handle({ app, caller, params }) {
      await deleteProject(app, caller, parsePodRef(params.pod_id))
    },
  }),
}

function toPod(project: Project): z.output<typeof Pod> {
  return present({
    pod_id: printId('pod', project.id),
    name: project.name,
    client_id: project.clientId,
    updated_at: printTime(project.updatedAt),
    created_at: printTime(project.createdAt),
  })
}
