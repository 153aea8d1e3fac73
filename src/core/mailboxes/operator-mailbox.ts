import type { App } from '../app.ts'
import { Failure } from '../errors.ts'
import type { Mailbox } from './model.ts'

const LOCAL_PART = 'postmaster'

/**
 * Where mail to `postmaster` and its kin goes, under each domain here (RFC 5321 §4.5.1, RFC 2142): a mailbox of the first
 * organization, made when somebody first writes to it.
 */
export async function operatorMailbox(app: App): Promise<Mailbox> {
  const { mailDomain } = app.settings
  const existing = await app.store.read.mailboxes.byAddress(`${LOCAL_PART}@${mailDomain}`)
  if (existing) return existing
  const organization = await app.store.read.accounts.firstOrganization()
  const project = organization && (await app.store.read.accounts.defaultProject(organization.id))
  if (!project) throw new Failure('unavailable', 'The server is not set up yet')
  return makeOnce(app, { orgId: project.orgId, projectId: project.id, domain: mailDomain })
}

async function makeOnce(app: App, place: Pick<Mailbox, 'orgId' | 'projectId' | 'domain'>): Promise<Mailbox> {
  try {
    const names = { localPart: LOCAL_PART, displayName: 'Postmaster', clientId: null }
    return (await app.store.run('mailboxes.create', { ...place, ...names, unlimited: true })).mailbox
  } catch (error) {
    // Two mails at once: the other one made it.
    const made = await app.store.read.mailboxes.byAddress(`${LOCAL_PART}@${place.domain}`)
    if (made) return made
    throw error
  }
}
