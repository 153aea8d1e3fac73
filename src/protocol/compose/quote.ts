import type { Address } from '../address/address.ts'
import { formatAddress } from '../address/format-address.ts'
import { formatDate } from './date.ts'

/** What is told of a message that is passed on. */
export interface Original {
  from: Address | null
  date: number
  subject: string
  to: Address[]
  cc: Address[]
  text: string | null
  html: string | null
}

/** The original below a short preamble, in the forms it has itself: html only if it had html, text unless it had nothing but html. */
export function forwardedMessage(original: Original): { text: string | null; html: string | null } {
  const { text, html } = original
  const lines = preamble(original)
  return {
    text: text === null && html !== null ? null : `${lines.join('\r\n')}\r\n\r\n${text ?? ''}`,
    // In front of the original, even if that is a whole document: readers move it into the body, and no trick of its author can hide it.
    html: html === null ? null : `<div>${lines.map(escapeHtml).join('<br>\r\n')}</div><br>\r\n${html}`,
  }
}

function preamble({ from, date, subject, to, cc }: Original): string[] {
  const list = (addresses: Address[]) => addresses.map(formatAddress).join(', ')
  const fields: [string, string][] = [
    ['From', from ? formatAddress(from) : ''],
    ['Date', formatDate(date)],
    ['Subject', subject],
    ['To', list(to)],
    ['Cc', list(cc)],
  ]
  const told = fields.filter(([name, value]) => value !== '' || name === 'Subject')
  return ['---------- Forwarded message ----------', ...told.map(([name, value]) => `${name}: ${oneLine(value)}`)]
}

function oneLine(value: string): string {
  return value.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ')
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`)
}
