import type { Address } from '../address/address.ts'
import { ParseError } from '../parse-error.ts'
import { formatDate } from './date.ts'
import type { Draft } from './draft.ts'
import { foldField } from './fold.ts'
import { mailboxListWords, unstructuredWords } from './header-words.ts'
import { checkMessageId } from './message-id.ts'

/** All fields of the message but the Content-* ones (RFC 5322 §3.6, RFC 2045 §4). */
export function headerFields(draft: Draft): string {
  return [
    addressField('From', [draft.from]),
    addressField('Sender', draft.sender ? [draft.sender] : []),
    addressField('Reply-To', draft.replyTo),
    addressField('To', draft.to),
    addressField('Cc', draft.cc),
    foldField('Subject', unstructuredWords('Subject', draft.subject)),
    foldField('Date', [formatDate(draft.date)]),
    idField('Message-ID', [draft.messageId]),
    idField('In-Reply-To', draft.inReplyTo ? [draft.inReplyTo] : []),
    idField('References', draft.references ?? []),
    ...draft.headers.map(customField),
    'MIME-Version: 1.0\r\n',
  ].join('')
}

function addressField(name: string, addresses: Address[]): string {
  return addresses.length === 0 ? '' : foldField(name, mailboxListWords(name, addresses))
}

function idField(name: string, ids: string[]): string {
  return ids.length === 0
    ? ''
    : foldField(
        name,
        ids.map((id) => checkMessageId(name, id)),
      )
}

const OURS =
  /^(?:from|sender|reply-to|to|cc|bcc|subject|date|message-id|in-reply-to|references|mime-version|content-.*)$/i

function customField({ name, value }: { name: string; value: string }): string {
  if (!/^[!-9;-~]{1,76}$/.test(name))
    throw new ParseError('a header name has a character that is not allowed there, or too many')
  if (OURS.test(name)) throw new ParseError(`the header ${name} is written by the composer`)
  return foldField(name, unstructuredWords(name, value))
}
