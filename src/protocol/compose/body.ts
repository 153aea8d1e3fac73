import { ParseError } from '../parse-error.ts'
import { parseContentType } from './content-type.ts'
import type { Attachment, Draft } from './draft.ts'
import { type Entity, leaf, multipart } from './entity.ts'
import { foldField } from './fold.ts'
import { checkHeaderText } from './header-text.ts'
import { isPlainParameter, type Parameter, parameterizedWords } from './parameter.ts'
import { type EncodedBody, encodeBase64, encodeIdentity, encodeText } from './transfer-encoding.ts'

/** mixed( alternative( text, related( html, its pictures ) ), attachments ), with each layer there only when it is needed. */
export function bodyEntity(draft: Draft): Entity {
  const shown = draft.html === null ? new Set<string>() : contentIdsIn(draft.html)
  const isShown = (a: Attachment) =>
    a.disposition === 'inline' && a.contentId !== null && shown.has(bareId(a.contentId))
  const related = draft.attachments.filter(isShown).map(attachmentEntity)
  const others = draft.attachments.filter((a) => !isShown(a)).map(attachmentEntity)
  const group = (subtype: Parameters<typeof multipart>[0], entities: Entity[]) =>
    entities.length === 1 ? entities[0]! : multipart(subtype, draft.messageId, entities)

  const html = draft.html === null ? [] : [group('related', [textEntity('html', draft.html), ...related])]
  const text = draft.text === null && html.length > 0 ? [] : [textEntity('plain', draft.text ?? '')]
  return group('mixed', [group('alternative', [...text, ...html]), ...others])
}

function textEntity(subtype: 'plain' | 'html', text: string): Entity {
  const { charset, ...encoded } = encodeText(text)
  return leaf(`Content-Type: text/${subtype}; charset=${charset}\r\n`, encoded)
}

function attachmentEntity(attachment: Attachment): Entity {
  const { filename, disposition, contentId } = attachment
  const { type, parameters, encoded } = encodeContent(attachment)
  const filenames = filename ? [{ name: 'filename', value: filename }] : []
  const fields =
    foldField('Content-Type', parameterizedWords(type, [...parameters, ...fallbackName(filename)])) +
    foldField('Content-Disposition', parameterizedWords(disposition, filenames)) +
    (contentId === null ? '' : foldField('Content-ID', [`<${bareId(contentId)}>`]))
  return leaf(fields, encoded)
}

/**
 * Base64, so that every byte arrives. A message may not be encoded (RFC 2046 §5.2.1), nor may a multipart (RFC 2045 §6.4): what
 * cannot travel as it is goes as plain bytes, whole but no longer opened by the reader's mail program. So do the two types of message
 * that make that program fetch something from elsewhere, or put it together from other mails (RFC 2046 §5.2.2, §5.2.3).
 */
function encodeContent({ contentType, content }: Attachment): {
  type: string
  parameters: Parameter[]
  encoded: EncodedBody
} {
  const { type, parameters } = parseContentType(contentType)
  const base64 = (): EncodedBody => ({ encoding: 'base64', body: encodeBase64(content) })
  // The filename is said once, by the attachment.
  const own = parameters.filter(({ name }) => name !== 'name')
  if (!/^(?:message|multipart)\//.test(type)) return { type, parameters: own, encoded: base64() }
  const readable = type.startsWith('message/') && type !== 'message/external-body' && type !== 'message/partial'
  const encoded = readable ? encodeIdentity(content) : null
  return encoded
    ? { type, parameters: own, encoded }
    : { type: 'application/octet-stream', parameters: [], encoded: base64() }
}

// Readers disagree on which of `filename` and `filename*` wins when one field has both. So the ASCII likeness for those that know
// no RFC 2231 stands in Content-Type, where every reader looks last.
function fallbackName(filename: string | null): Parameter[] {
  if (!filename || isPlainParameter(filename)) return []
  const ascii = filename
    .slice(-200)
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[^A-Za-z0-9 ._-]/gu, '_')
  return [{ name: 'name', value: ascii.slice(-60) }]
}

/** The ids that the html refers to (RFC 2392), as written and with percent-escapes undone. */
function contentIdsIn(html: string): Set<string> {
  const ids = new Set<string>()
  for (const [, url = ''] of html.matchAll(/cid:([^\s"'<>)]{1,1000})/gi)) {
    const id = url.replace(/&amp;/gi, '&')
    ids.add(id)
    ids.add(unescapePercent(id))
  }
  return ids
}

function unescapePercent(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function bareId(contentId: string): string {
  checkHeaderText('the content id', contentId)
  const id = /^<(.*)>$/.exec(contentId)?.[1] ?? contentId
  if (!/^[!-;=?-~]{1,900}$/.test(id))
    throw new ParseError('the content id is empty, too long or has a character not allowed there')
  return id
}
