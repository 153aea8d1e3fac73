import { accountsContract } from './accounts.contract.ts'
import { domainsContract } from './domains.contract.ts'
import { mailboxesContract } from './mailboxes.contract.ts'
import type { Opened } from './open.ts'

/** All suites that a store of rows must pass, on whichever engine. */
export function storeContracts(opened: () => Opened): void {
  accountsContract(opened)
  domainsContract(opened)
  mailboxesContract(opened)
}
