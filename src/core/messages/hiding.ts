import { type Caller, demand, may } from '../accounts/caller.ts'
import type { Permission } from '../accounts/model.ts'
import type { Message } from './model.ts'

/** Each of these keeps a message out of default lists, out of search, and out of its thread's summary. */
export const hidingFlags = ['spam', 'blocked', 'unauthenticated', 'trashed'] as const
export type HidingFlag = (typeof hidingFlags)[number]

/** What a list shows although it is hidden. */
export interface Including {
  includeSpam?: boolean
  includeBlocked?: boolean
  includeUnauthenticated?: boolean
  includeTrashed?: boolean
}

const includes = {
  spam: 'includeSpam',
  blocked: 'includeBlocked',
  unauthenticated: 'includeUnauthenticated',
  trashed: 'includeTrashed',
} as const satisfies Record<HidingFlag, keyof Including>

const permissions: Record<HidingFlag, Permission> = {
  spam: 'label_spam_read',
  blocked: 'label_blocked_read',
  unauthenticated: 'label_unauthenticated_read',
  trashed: 'label_trash_read',
}

/** True for what default lists leave out. */
export function isHidden(message: Pick<Message, HidingFlag>): boolean {
  return hidingFlags.some((flag) => message[flag])
}

/** The flags whose messages a list with this filter leaves out. */
export function withheld(filter: Including): HidingFlag[] {
  return hidingFlags.filter((flag) => filter[includes[flag]] !== true)
}

/** All that the caller may see of what does not look right: for those who have no other list to find it in. */
export function allSuspect(caller: Caller): Including {
  return {
    includeSpam: may(caller, permissions.spam),
    includeUnauthenticated: may(caller, permissions.unauthenticated),
  }
}

/** Refuses to show what the caller's labels hide from it. */
export function demandIncluded(caller: Caller, filter: Including): void {
  for (const flag of hidingFlags) if (filter[includes[flag]]) demand(caller, permissions[flag])
}

/** A label that a key may not read hides its messages from it entirely. */
export function maySee({ permissions: white }: Caller, message: Pick<Message, HidingFlag>): boolean {
  return white === null || hidingFlags.every((flag) => !message[flag] || white.includes(permissions[flag]))
}
