import type { MailboxId, OrgId, ProjectId } from '../ids.ts'
import { type WebhookTopic, webhookTopics } from '../webhooks/topics.ts'

export type CountedTopic = Exclude<WebhookTopic, 'message.opened'>

/** What is counted: all that can be subscribed to but what readers do. */
export const countedTopics = webhookTopics.filter((topic): topic is CountedTopic => topic !== 'message.opened')

/** What there is of something. */
export const levelNames = ['sizeBytes', 'messages', 'threads', 'mailboxes', 'domains', 'projects'] as const
export type LevelName = (typeof levelNames)[number]
export type Levels = Record<LevelName, number>

export const noLevels: Levels = { sizeBytes: 0, messages: 0, threads: 0, mailboxes: 0, domains: 0, projects: 0 }

/** Of what: an organization, a project or a mailbox, by its id alone. */
export type Scope = OrgId | ProjectId | MailboxId

/** Epoch seconds, the end not included; a bucket begins at each multiple of `period`. */
export interface Span {
  from: number
  to: number
  period: number
}

/** How often something happened in the second, or in the bucket, that begins at `at` (epoch seconds). */
export interface Count {
  topic: CountedTopic
  at: number
  count: number
}

/** What there was at the end of the second `at`. */
export interface Standing {
  at: number
  levels: Levels
}
