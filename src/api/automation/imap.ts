import { z } from 'zod'
import type { ImapSourceId } from '../../core/ids.ts'
import { fetchImapSource, fetchImapSources } from '../../core/imap-sources/fetch-now.ts'
import {
  createImapSource,
  deleteImapSource,
  listImapSources,
  updateImapSource,
} from '../../core/imap-sources/imap-sources.ts'
import { afterFetchActions, type FetchReport, type ImapSource } from '../../core/imap-sources/model.ts'
import { route } from '../route.ts'
import { Guid, parseGuid } from './ids.ts'
import { listOf, listQuery, toList, toPageRequest } from './paging.ts'
import { printTime, printTimeOrNull, Time } from './time.ts'
import { word } from './words.ts'

const settings = {
  port: z.int().optional(),
  useSsl: z.boolean().optional().describe('False: STARTTLS'),
  folder: z.string().optional(),
  fetchIntervalMinutes: z.int().optional(),
  afterFetchAction: word(...afterFetchActions)
    .optional()
    .describe('What becomes of a message there, once it is here'),
}

const NewSource = z.object({
  id: Guid.nullish(),
  host: z.string(),
  username: z.string(),
  password: z.string(),
  ...settings,
})
const SourceChange = z.object({
  host: z.string().optional(),
  username: z.string().optional(),
  password: z.string().optional().describe('Stays when absent; needed with another host, port or username'),
  ...settings,
})

const Source = z
  .object({
    id: z.string(),
    inboxId: z.string(),
    host: z.string(),
    port: z.int(),
    useSsl: z.boolean(),
    username: z.string(),
    hasPassword: z.literal(true),
    folder: z.string(),
    fetchIntervalMinutes: z.int(),
    afterFetchAction: z.enum(afterFetchActions),
    createdAt: Time,
    updatedAt: Time.nullable(),
    lastFetchAt: Time.nullable(),
    lastSuccessAt: Time.nullable(),
    lastError: z.string().nullable().describe('The kind of problem that the last fetch met'),
    nextFetchAt: Time,
  })
  .meta({ id: 'ImapSource' })

const Results = z
  .object({
    results: z.array(
      z.object({
        imapConfigId: z.string(),
        success: z.boolean(),
        fetchedCount: z.int().describe('Downloaded'),
        ingestedCount: z.int().describe('Newly in the inbox'),
        errorMessage: z.string().nullable(),
      }),
    ),
  })
  .meta({ id: 'ImapFetchResults' })

export const create = route({
  method: 'POST',
  path: '/inbox/:id/imap',
  summary: 'Fetch the mail of a foreign mailbox into this inbox',
  body: NewSource,
  reply: Source,
  status: 201,
  async handle({ app, caller, params, body }) {
    const { id, ...fields } = definedOf(body)
    return toSource(await createImapSource(app, caller, parseGuid(params.id), { ...fields, ...(id ? { id } : {}) }))
  },
})

export const list = route({
  method: 'GET',
  path: '/inbox/:id/imap',
  summary: 'The IMAP sources of an inbox; passwords are never shown',
  query: listQuery,
  reply: listOf(Source),
  async handle({ app, caller, params, query }) {
    const found = await listImapSources(app, caller, parseGuid(params.id), toPageRequest(query))
    return toList(query, found, toSource)
  },
})

export const update = route({
  method: 'PUT',
  path: '/inbox/:id/imap/:imapId',
  summary: 'Change what is given',
  body: SourceChange,
  reply: Source,
  async handle({ app, caller, params, body }) {
    const id = parseGuid<ImapSourceId>(params.imapId)
    return toSource(await updateImapSource(app, caller, parseGuid(params.id), id, definedOf(body)))
  },
})

export const remove = route({
  method: 'DELETE',
  path: '/inbox/:id/imap/:imapId',
  summary: 'End an IMAP source; what came through it stays',
  reply: z.object({ id: z.string() }),
  async handle({ app, caller, params }) {
    const id = parseGuid<ImapSourceId>(params.imapId)
    await deleteImapSource(app, caller, parseGuid(params.id), id)
    return { id }
  },
})

export const fetchAll = route({
  method: 'POST',
  path: '/inbox/:id/imap/fetch',
  summary: 'Fetch from all IMAP sources of an inbox now',
  reply: Results,
  async handle({ app, caller, params }) {
    return { results: (await fetchImapSources(app, caller, parseGuid(params.id))).map(toResult) }
  },
})

export const fetchOne = route({
  method: 'POST',
  path: '/inbox/:id/imap/:imapId/fetch',
  summary: 'Fetch from one IMAP source now',
  reply: Results,
  async handle({ app, caller, params }) {
    const id = parseGuid<ImapSourceId>(params.imapId)
    return { results: [toResult(await fetchImapSource(app, caller, parseGuid(params.id), id))] }
  },
})

type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> }

function definedOf<T extends object>(given: T): Defined<T> {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Defined<T>
}

function toSource(source: ImapSource): z.output<typeof Source> {
  const {
    id,
    mailboxId: inboxId,
    host,
    port,
    useSsl,
    username,
    folder,
    fetchIntervalMinutes,
    afterFetchAction,
  } = source
  return {
    ...{ id, inboxId, host, port, useSsl, username, hasPassword: true, folder, fetchIntervalMinutes, afterFetchAction },
    createdAt: printTime(source.createdAt),
    updatedAt: printTimeOrNull(source.updatedAt),
    lastFetchAt: printTimeOrNull(source.lastFetchAt),
    lastSuccessAt: printTimeOrNull(source.lastSuccessAt),
    lastError: source.lastError,
    nextFetchAt: printTime(source.nextFetchAt),
  }
}

/** What could not be marked there is here all the same: `lastError` tells, and it is tried again. */
function toResult({ sourceId, fetched, ingested, problem }: FetchReport) {
  const success = problem === null || problem === 'after_fetch'
  return {
    imapConfigId: sourceId,
    success,
    fetchedCount: fetched,
    ingestedCount: ingested,
    errorMessage: success ? null : problem,
  }
}
