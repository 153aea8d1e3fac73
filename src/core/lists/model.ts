import type { MailboxId, OrgId, ProjectId } from '../ids.ts'

/** What a list is about: recipients we write to, authors who write to us, authors who answer mail of ours. */
export const listDirections = ['send', 'receive', 'reply'] as const
export type ListDirection = (typeof listDirections)[number]

export const listTypes = ['allow', 'block'] as const
export type ListType = (typeof listTypes)[number]

/** Whose list it is: that of a mailbox, of a project, or (both null) of the organization. */
export interface ListPlace {
  orgId: OrgId
  projectId: ProjectId | null
  mailboxId: MailboxId | null
}

export interface ListName {
  direction: ListDirection
  type: ListType
}

export interface ListEntry extends ListPlace, ListName {
  /** An address in its canonical spelling, or a domain in ASCII. */
  entry: string
  reason: string | null
  /** Made by a bounce or a complaint; people cannot take it back. */
  readOnly: boolean
  createdAt: number
}

/** The key of a place: ids are unique over all kinds. */
export function placeId({ orgId, projectId, mailboxId }: ListPlace): string {
  return mailboxId ?? projectId ?? orgId
}
