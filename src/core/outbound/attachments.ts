import type { Attachment } from '../../protocol/compose/draft.ts'
import type { App } from '../app.ts'
import { Failure, invalid } from '../errors.ts'
import { contentTypeOf } from '../messages/content-types.ts'

export const MAX_ATTACHMENTS = 50
export const MAX_TOTAL_BYTES = 25 * 1024 * 1024

/** A file to attach: its content in base64, or a URL to fetch it from. */
export interface AttachmentInput {
  filename: string | null
  contentType: string | null
  disposition: 'attachment' | 'inline' | null
  contentId: string | null
  content: string | null
  url: string | null
}

/** Refuses what can be refused without decoding or fetching anything. */
export function checkAttachments(inputs: readonly AttachmentInput[], field = 'attachments'): void {
  if (inputs.length > MAX_ATTACHMENTS) throw invalid(field, `at most ${MAX_ATTACHMENTS} attachments`)
  for (const [at, input] of inputs.entries()) checkInput(input, [field, at])
}

/** The files themselves, decoded or fetched, within the size of one message. They must have been checked. */
export async function loadAttachments(app: App, inputs: readonly AttachmentInput[]): Promise<Attachment[]> {
  let left = MAX_TOTAL_BYTES
  const loaded: Attachment[] = []
  for (const input of inputs) {
    const attachment = input.url === null ? decode(input) : await download(app, input, input.url, left)
    left -= attachment.content.length
    if (left < 0) throw new Failure('too_large', 'Attachments may have 25 MiB together')
    loaded.push(attachment)
  }
  return loaded
}

function checkInput(input: AttachmentInput, place: (string | number)[]): void {
  const path = (field: string) => [...place, field]
  if ((input.content === null) === (input.url === null)) {
    throw invalid(place, 'exactly one of content and url is required')
  }
  for (const field of ['filename', 'contentType', 'contentId'] as const) {
    const name = field === 'contentType' ? 'content_type' : field === 'contentId' ? 'content_id' : field
    const value = input[field] ?? ''
    if (/[\r\n\0]/.test(value)) throw invalid(path(name), 'must not hold line breaks')
    if (!value.isWellFormed()) throw invalid(path(name), 'must be valid Unicode')
  }
  if (input.contentType !== null && !/^[\w!#$&^.+-]{1,127}\/[\w!#$&^.+-]{1,127}$/.test(input.contentType)) {
    throw invalid(path('content_type'), 'must be type/subtype')
  }
  if (input.contentId !== null && !CONTENT_ID.test(input.contentId)) {
    throw invalid(path('content_id'), 'must be one word of ASCII, alone or in angle brackets')
  }
  if (input.content !== null && !isBase64(input.content)) throw invalid(path('content'), 'must be base64')
}

// RFC 2045 §7, as loose as the composer is.
const CONTENT_ID = /^(?:<[!-;=?-~]{1,250}>|[!-;=?-~]{1,250})$/

function isBase64(text: string): boolean {
  const compact = text.replace(/[\r\n]/g, '')
  return compact.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(compact)
}

function decode(input: AttachmentInput): Attachment {
  return describe(input, Buffer.from(input.content ?? '', 'base64'), null)
}

async function download(app: App, input: AttachmentInput, url: string, maxBytes: number): Promise<Attachment> {
  const file = await app.files.fetch(url, maxBytes)
  return describe(input, file.content, file.filename)
}

// What a stranger's server says of the type counts for nothing: the name tells what readers will make of it.
function describe(input: AttachmentInput, content: Buffer, filename: string | null): Attachment {
  const name = safeFilename(input.filename ?? filename ?? '') || 'attachment'
  return {
    filename: name,
    contentType: (input.contentType ?? contentTypeOf(name)).toLowerCase(),
    disposition: input.disposition ?? 'attachment',
    contentId: input.contentId?.replace(/^<|>$/g, '') ?? null,
    content,
  }
}

/** A display name for a file: no path, no control or direction-changing characters, at most 255 bytes. */
export function safeFilename(name: string): string {
  const last = name.toWellFormed().split(/[/\\]/).at(-1) ?? ''
  const shown = last.replace(/[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, '').trim()
  // The encoder stops at the last whole character that fits.
  const { read } = new TextEncoder().encodeInto(shown, new Uint8Array(255))
  const safe = shown.slice(0, read)
  return safe === '.' || safe === '..' ? '' : safe
}
