import type { Address } from '../address/address.ts'

/** A message before it is bytes. There is no Bcc here: it belongs to the envelope only. */
export interface Draft {
  from: Address
  sender?: Address
  to: Address[]
  cc: Address[]
  replyTo: Address[]
  subject: string
  /** Epoch milliseconds. */
  date: number
  /** With its angle brackets, like the two below. */
  messageId: string
  inReplyTo?: string | null
  references?: string[]
  /** Further fields; none that the composer writes itself. */
  headers: { name: string; value: string }[]
  text: string | null
  html: string | null
  attachments: Attachment[]
}

export interface Attachment {
  filename: string | null
  contentType: string
  disposition: 'attachment' | 'inline'
  /** With or without angle brackets; the html names it as `cid:…`. */
  contentId: string | null
  content: Uint8Array
}
