import { z } from 'zod'
import { type Caller, demand, may } from '../../../../core/accounts/caller.ts'
import type { Permission } from '../../../../core/accounts/model.ts'
import { narrow } from '../../../../core/accounts/narrow.ts'
import type { App } from '../../../../core/app.ts'
import { invalid } from '../../../../core/errors.ts'
import type { EventId, MailboxId, ProjectId } from '../../../../core/ids.ts'
import { reachMailbox } from '../../../../core/mailboxes/mailboxes.ts'
import type { WebhookEvent } from '../../../../core/webhooks/model.ts'
import { demandTopics, type WebhookTopic, webhookTopics } from '../../../../core/webhooks/topics.ts'
import { check } from '../../../validate.ts'
import { parseId, parseInboxRef } from '../../ids.ts'

const MAX_IDS = 1000

const ids = z.array(z.string()).max(MAX_IDS, `at most ${MAX_IDS} ids`).nullish()

const Subscribe = z.object({
  type: z.literal('subscribe'),
  event_types: z.array(z.enum(webhookTopics, { error: 'is not an event type' })).nullish(),
  inbox_ids: ids,
  pod_ids: ids,
  since: z.string().nullish(),
})

/** What a client asked for, checked. */
export interface Subscription {
  topics: ReadonlySet<WebhookTopic>
  /** Null is every mailbox that the key sees; otherwise these, and those of these projects. */
  filter: { mailboxes: Set<MailboxId>; projects: ReadonlySet<ProjectId> } | null
  /** Behind which event it begins; absent, with what happens from now on. */
  since: EventId | undefined
  /** As the client is told. */
  echo: Record<string, unknown>
}

/** Reads a message of the client; throws a refusal when it is no subscription, or one to more than the key may see. */
export async function readSubscription(app: App, caller: Caller, text: string | null): Promise<Subscription> {
  const { event_types, inbox_ids, pod_ids, since } = check(Subscribe, readJson(text))
  return {
    topics: new Set(event_types ? checkTopics(caller, event_types) : usualTopics(caller)),
    filter: inbox_ids || pod_ids ? await readFilter(app, caller, inbox_ids ?? [], pod_ids ?? []) : null,
    since: since == null ? undefined : (parseId('event', since) as EventId),
    echo: {
      type: 'subscribed',
      ...(event_types && { event_types }),
      ...(inbox_ids && { inbox_ids }),
      ...(pod_ids && { pod_ids }),
    },
  }
}

function readJson(text: string | null): unknown {
  try {
    return JSON.parse(text ?? '')
  } catch {
    throw invalid('message', 'must be a text with a JSON object')
  }
}

/** What a key must be allowed to, to be told of this. */
export function permissionFor(topic: WebhookTopic): Permission {
  return topic === 'domain.verified' ? 'domain_read' : 'message_read'
}

function checkTopics(caller: Caller, topics: readonly WebhookTopic[]): readonly WebhookTopic[] {
  demandTopics(caller, topics)
  for (const topic of topics) demand(caller, permissionFor(topic))
  return topics
}

// The variants of message.received come only to those who name them.
function usualTopics(caller: Caller): WebhookTopic[] {
  const usual = webhookTopics.filter((topic) => !topic.startsWith('message.received.'))
  return usual.filter((topic) => may(caller, permissionFor(topic)))
}

async function readFilter(app: App, caller: Caller, inboxes: readonly string[], pods: readonly string[]) {
  const mailboxes = await Promise.all(inboxes.map((ref) => reachMailbox(app, caller, parseInboxRef(ref))))
  const projects = await Promise.all(pods.map((id) => narrow(app, caller, { project: parseId('pod', id) })))
  return {
    mailboxes: new Set(mailboxes.map(({ id }) => id)),
    projects: new Set(projects.map(({ projectId }) => projectId)),
  }
}

/** True when a subscription of this caller asks for the event. */
export async function wants(
  { topics, filter }: Subscription,
  caller: Caller,
  event: WebhookEvent,
  projectOf: (mailbox: MailboxId) => Promise<ProjectId | undefined>,
): Promise<boolean> {
  if (!topics.has(event.topic) || !may(caller, permissionFor(event.topic))) return false
  if (filter === null) return true
  if (event.mailboxId === null) return false
  if (filter.mailboxes.has(event.mailboxId)) return true
  if (filter.projects.size === 0) return false
  const project = await projectOf(event.mailboxId)
  return project !== undefined && filter.projects.has(project)
}
