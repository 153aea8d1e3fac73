import { accountsContract } from './accounts.contract.ts'
import { dkimKeysContract } from './dkim-keys.contract.ts'
import { domainsContract } from './domains.contract.ts'
import { draftsContract } from './drafts.contract.ts'
import { eventsContract } from './events.contract.ts'
import { groupsContract } from './groups.contract.ts'
import { handlingContract } from './handling.contract.ts'
import { idempotencyContract } from './idempotency.contract.ts'
import { imapSourcesContract } from './imap-sources.contract.ts'
import { jobsContract } from './jobs.contract.ts'
import { listsContract } from './lists.contract.ts'
import { mailboxesContract } from './mailboxes.contract.ts'
import { messagesContract } from './messages.contract.ts'
import type { Opened } from './open.ts'
import { outboundContract } from './outbound.contract.ts'
import { projectsContract } from './projects.contract.ts'
import { racesContract } from './races.contract.ts'
import { searchContract } from './search.contract.ts'
import { socketsContract } from './sockets.contract.ts'
import { statisticsContract } from './statistics.contract.ts'
import { submissionContract } from './submission.contract.ts'
import { suppressionsContract } from './suppressions.contract.ts'
import { threadsContract } from './threads.contract.ts'
import { uidsContract } from './uids.contract.ts'
import { waitingContract } from './waiting.contract.ts'
import { webhooksContract } from './webhooks.contract.ts'

/** All suites that a store of rows must pass, on whichever engine. */
export function storeContracts(opened: () => Opened): void {
  accountsContract(opened)
  projectsContract(opened)
  domainsContract(opened)
  dkimKeysContract(opened)
  mailboxesContract(opened)
  messagesContract(opened)
  threadsContract(opened)
  outboundContract(opened)
  draftsContract(opened)
  suppressionsContract(opened)
  listsContract(opened)
  submissionContract(opened)
  uidsContract(opened)
  eventsContract(opened)
  jobsContract(opened)
  idempotencyContract(opened)
  groupsContract(opened)
  racesContract(opened)
  handlingContract(opened)
  webhooksContract(opened)
  waitingContract(opened)
  imapSourcesContract(opened)
  socketsContract(opened)
  searchContract(opened)
  statisticsContract(opened)
}
