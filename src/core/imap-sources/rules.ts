import { isIP } from 'node:net'
import { invalid } from '../errors.ts'
import { toAsciiDomain } from '../mailboxes/local-part.ts'
import { type AfterFetchAction, afterFetchActions, type ImapSource } from './model.ts'

/** What a customer says about a source. */
export interface SourceFields {
  host: string
  port: number
  useSsl: boolean
  username: string
  password: string
  folder: string
  fetchIntervalMinutes: number
  afterFetchAction: AfterFetchAction
}

/** Checks each field that is given, and answers them in the form in which they are kept. */
export function checkFields<F extends Partial<SourceFields>>(fields: F): F {
  const { host, port, username, password, folder, fetchIntervalMinutes: interval, afterFetchAction: action } = fields
  const checked: Partial<SourceFields> = { ...fields }
  if (host !== undefined) checked.host = checkHost(host)
  if (port !== undefined) checkWhole('port', port, 1, 65_535)
  if (username !== undefined) checkText('username', username, 320)
  if (password !== undefined) checkText('password', password, 1024)
  if (folder !== undefined) {
    checkText('folder', folder, 255)
    checked.folder = folderKey(folder)
  }
  if (interval !== undefined) checkWhole('fetchIntervalMinutes', interval, 1, 1440)
  if (action !== undefined && !afterFetchActions.includes(action)) {
    throw invalid('afterFetchAction', `must be one of ${afterFetchActions.join(', ')}`)
  }
  return checked as F
}

// The URL parser knows every spelling of an address there is (2130706433, 0x7f.1); what is judged later is what it made of it.
function checkHost(text: string): string {
  const host = isIP(text) === 6 ? `[${text}]` : text
  const url = /^[^\s/?#@\\%:]+$|^\[[\da-fA-F:.]+\]$/.test(host) && URL.canParse(`http://${host}`)
  const canonical = url ? new URL(`http://${host}`).hostname.replace(/^\[|\]$/g, '') : ''
  const known = isIP(canonical) ? canonical : toAsciiDomain(canonical)
  if (!known || text.length > 253) throw invalid('host', 'must be a host name or an IP address')
  return known
}

function checkText(name: string, text: string, most: number): void {
  if (text === '') throw invalid(name, 'must not be empty')
  if (text.length > most) throw invalid(name, `must have at most ${most} characters`)
  if (/\p{Cc}/u.test(text) || !text.isWellFormed()) throw invalid(name, 'must not hold control characters')
}

function checkWhole(name: string, value: number, least: number, most: number): void {
  if (!Number.isInteger(value) || value < least || value > most) {
    throw invalid(name, `must be a whole number from ${least} to ${most}`)
  }
}

/** RFC 3501 §5.1: INBOX in any case is one and the same folder, and no other folder is. */
function folderKey(folder: string): string {
  return folder.toUpperCase() === 'INBOX' ? 'INBOX' : folder
}

type Place = Pick<ImapSource, 'host' | 'port' | 'useSsl' | 'username' | 'folder'>

/** True when the stored password would go to somebody else, or in the clear. */
export function needsPassword(before: Place, after: Place): boolean {
  const elsewhere = before.host !== after.host || before.port !== after.port || before.username !== after.username
  return elsewhere || (before.useSsl && !after.useSsl)
}

/** True when what was read so far says nothing about what is there now. */
export function isAnotherFolder(before: Place, after: Place): boolean {
  const { host, port, username, folder } = after
  const same = before.host === host && before.port === port && before.username === username
  return !same || before.folder !== folder
}
