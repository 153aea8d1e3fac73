import type { OpenTag } from './html-elements.ts'

/** `wrapper`: holds the attribution and the quote; `blockquote`: a quote only where an attribution stands above; `divider`: old from here on. */
export type Mark = 'quote' | 'wrapper' | 'blockquote' | 'attribution' | 'divider' | 'signature'

const byClass: ReadonlyMap<string, Mark> = new Map([
  ...[
    'gmail_quote',
    'gmail_quote_container',
    'yahoo_quoted',
    'protonmail_quote',
    'tutanota_quote',
    'zmail_extra',
    'hey_quote',
  ].map((name) => [name, 'wrapper'] as const),
  ...[
    'mailru-blockquote',
    'outlookmessageheader',
    'quoted_text',
    'front-blockquote',
    'mail_quote',
    'freshdesk_quote',
  ].map((name) => [name, 'quote'] as const),
  ...['gmail_attr', 'moz-cite-prefix', 'aqm-quote-header', 'zmail_extra_hr'].map(
    (name) => [name, 'attribution'] as const,
  ),
  ...[
    'gmail_signature',
    'gmail_signature_prefix',
    'moz-signature',
    'protonmail_signature_block',
    'ymail_android_signature',
  ].map((name) => [name, 'signature'] as const),
  ...[
    'applemailsignature',
    'apple-mail-signature',
    'zmail_signature_below',
    'tutanota_signature',
    'front-signature',
  ].map((name) => [name, 'signature'] as const),
])

const byId: ReadonlyMap<string, Mark> = new Map([
  ...['olk_src_body_section', 'mail-editor-reference-message-container', 'isreplycontent', 'appleoriginalcontents'].map(
    (name) => [name, 'quote'] as const,
  ),
  ...['divrplyfwdmsg', 'appendonsend', 'stopspelling', 'zwchr', 'replysplit'].map((name) => [name, 'divider'] as const),
  ...[
    'signature',
    'applemailsignature',
    'ms-outlook-mobile-signature',
    'ymail_android_signature',
    'ymail_ios_signature',
  ].map((name) => [name, 'signature'] as const),
])

/** What a mail program says with this tag about the words inside it or behind it. */
export function markOf({ name, attributes }: OpenTag): Mark | undefined {
  if (name === 'body' || name === 'html') return undefined
  const mark = markById(attributes.get('id')) ?? markByClass(attributes.get('class')) ?? markByData(name, attributes)
  if (name !== 'blockquote' || mark === 'signature') return mark
  return mark !== undefined || attributes.get('type')?.toLowerCase() === 'cite' || attributes.has('cite')
    ? 'quote'
    : 'blockquote'
}

// Outlook and Hotmail prefix what they quote with "x_" and "ecx", Yahoo with "ydp" and a number: those are inside a quote already.
function markById(id: string | undefined): Mark | undefined {
  if (id === undefined) return undefined
  const name = id.toLowerCase()
  return byId.get(name) ?? (name.startsWith('yahoo_quoted') ? 'wrapper' : undefined)
}

function markByClass(names: string | undefined): Mark | undefined {
  if (names === undefined) return undefined
  for (const name of names.toLowerCase().split(/\s+/)) {
    const mark = byClass.get(name) ?? (name.endsWith('yahoo_quoted') ? 'wrapper' : undefined)
    if (mark) return mark
  }
  return undefined
}

function markByData(name: string, attributes: ReadonlyMap<string, string>): Mark | undefined {
  if (attributes.get('data-marker') === '__DIVIDER__') return 'divider'
  if (attributes.get('data-marker') === '__QUOTED_TEXT__') return 'quote'
  if (name === 'div' && attributes.get('name') === 'quote') return 'wrapper'
  if (attributes.get('data-smartmail') === 'gmail_signature' || attributes.get('data-signatureblock') === 'true')
    return 'signature'
  return undefined
}
