import * as accounts from './0001-accounts.ts'
import * as mail from './0002-mail.ts'
import * as outbound from './0003-outbound.ts'
import * as eventsPostgres from './0004-events-postgres.ts'
import * as eventsSqlite from './0004-events-sqlite.ts'
import * as dkimKeys from './0005-dkim-keys.ts'
import * as suppressions from './0006-suppressions.ts'
import * as delayNotices from './0007-delay-notices.ts'
import * as failureNotices from './0008-failure-notices.ts'
import * as searchPostgres from './0010-search-postgres.ts'
import * as webhooks from './0040-webhooks.ts'
import * as webhookIndexes from './0041-webhook-indexes.ts'
import * as domainRecords from './0050-domain-records.ts'
import * as domainRoutes from './0060-domain-routes.ts'
import * as blobHolds from './0070-blob-holds.ts'
import * as mailboxProperties from './0080-mailbox-properties.ts'
import * as reading from './0100-reading.ts'
import * as unauthenticated from './0101-unauthenticated.ts'
import * as lists from './0102-lists.ts'
import * as sentByOrg from './0103-sent-by-org.ts'
import * as drafts from './0110-drafts.ts'
import * as fetched from './0120-fetched.ts'
import * as eventIds from './0121-event-ids.ts'
import * as labelEvents from './0122-label-events.ts'
import * as projects from './0130-projects.ts'
import * as webhookProjects from './0131-webhook-projects.ts'
import * as statistics from './0132-statistics.ts'
import * as signUps from './0133-sign-ups.ts'
import * as hookInboxes from './0140-hook-inboxes.ts'
import * as submissionCredentials from './0150-submission-credentials.ts'
import * as messageUids from './0151-message-uids.ts'
import * as imapSources from './0160-imap-sources.ts'
import * as threadLists from './0170-thread-lists.ts'
import * as domainFlags from './0171-domain-flags.ts'
import * as messageOpens from './0180-message-opens.ts'
import * as compressionPostgres from './0210-compression-postgres.ts'
import * as unquoted from './0250-unquoted.ts'
import * as fewerIndexes from './0251-fewer-indexes.ts'

/** One change of the schema; never edited once it is merged. */
export interface Migration {
  name: string
  statements: string[]
}

const later: Migration[] = [
  dkimKeys,
  suppressions,
  delayNotices,
  failureNotices,
  webhooks,
  webhookIndexes,
  domainRecords,
  domainRoutes,
  blobHolds,
  mailboxProperties,
  reading,
  unauthenticated,
  lists,
  sentByOrg,
  drafts,
  fetched,
  eventIds,
  labelEvents,
  projects,
  webhookProjects,
  statistics,
  signUps,
  hookInboxes,
  submissionCredentials,
  messageUids,
  imapSources,
  threadLists,
  domainFlags,
  messageOpens,
  unquoted,
  fewerIndexes,
]

export const sqliteMigrations: Migration[] = [accounts, mail, outbound, eventsSqlite, ...later]
export const postgresMigrations: Migration[] = [
  accounts,
  mail,
  outbound,
  eventsPostgres,
  ...later,
  searchPostgres,
  compressionPostgres,
]
