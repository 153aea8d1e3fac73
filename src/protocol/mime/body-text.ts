import type { Block } from './body.ts'
import { decodeCharset } from './charset.ts'
import { encodedBytes } from './decode-part.ts'
import type { DefectList } from './defects.ts'
import { unflow } from './format-flowed.ts'
import type { Parameters, PartNode } from './part-tree.ts'
import { decodeTransfer } from './transfer-encoding.ts'

export interface BodyText {
  text: string | null
  html: string | null
}

interface Context {
  bytes: Buffer
  parameters: Parameters
  defects: DefectList
}

/** Decodes the chosen leaves and joins them; at most `maxBytes` of each view are read. */
export function readBody(blocks: readonly Block[], context: Context, maxBytes: number): BodyText {
  const textBudget = { left: maxBytes }
  const htmlBudget = { left: maxBytes }
  // A footer that a mailing list put behind text-and-HTML belongs to both views. Without such a block we cannot know: the plain
  // part may be the HTML once more, under the wrong kind of multipart.
  const mirrored = blocks.some((b) => b.text.length > 0 && b.html.length > 0)
  const texts: string[] = []
  const htmls: string[] = []
  for (const block of blocks) {
    const blockTexts = block.text.map((leaf) => readLeaf(leaf, context, textBudget))
    texts.push(...blockTexts)
    if (block.html.length > 0) htmls.push(...block.html.map((leaf) => readLeaf(leaf, context, htmlBudget)))
    else if (mirrored) htmls.push(...blockTexts.filter((t) => t.trim() !== '').map(textAsHtml))
  }
  const html = htmls.length > 0 ? htmls.join('\n') : null
  const text = texts.length > 0 ? joinTexts(texts) : null
  return { text: html !== null && text?.trim() === '' ? null : text, html }
}

function joinTexts(texts: readonly string[]): string {
  return texts.length === 1 ? texts[0]! : texts.filter((t) => t !== '').join('\n')
}

function readLeaf(leaf: PartNode, { bytes, parameters, defects }: Context, budget: { left: number }): string {
  const decoded = decodeTransfer(encodedBytes(bytes, leaf), leaf.encoding)
  if (decoded.damaged) defects.add(`bad-${leaf.encoding}`, leaf.path)
  const kept = decoded.bytes.length > budget.left ? cutText(decoded.bytes, budget.left) : decoded.bytes
  if (kept.length < decoded.bytes.length) defects.add('text-truncated', leaf.path)
  budget.left -= kept.length
  const label = leaf.charset ?? (leaf.contentType === 'text/html' ? metaCharset(kept) : null)
  const { text, defect } = decodeCharset(kept, label)
  if (defect) defects.add(defect, label ?? leaf.path)
  return tidy(text, leaf, parameters.get(leaf))
}

/** Not inside a UTF-8 character. */
function cutText(bytes: Buffer, limit: number): Buffer {
  let end = limit
  for (let back = 0; back < 3 && end > 0 && (bytes[end]! & 0xc0) === 0x80; back++) end--
  return bytes.subarray(0, end)
}

function tidy(text: string, leaf: PartNode, parameters: Map<string, string> | undefined): string {
  const lines = text.replace(/\r\n?/g, '\n').replaceAll('\0', '')
  const flowed = leaf.contentType === 'text/plain' && parameters?.get('format')?.toLowerCase() === 'flowed'
  const unwrapped = flowed ? unflow(lines, parameters?.get('delsp')?.toLowerCase() === 'yes') : lines
  return trimLineEnds(unwrapped)
}

function trimLineEnds(text: string): string {
  let end = text.length
  while (end > 0 && text[end - 1] === '\n') end--
  return text.slice(0, end)
}

// Only where browsers look for it, and only when the part itself names no charset.
const META_RANGE = 1024

function metaCharset(bytes: Buffer): string | null {
  const start = bytes.toString('latin1', 0, Math.min(META_RANGE, bytes.length))
  const label = /<meta\b[^>]{0,200}?\bcharset\s{0,20}=\s{0,20}["']?([a-z0-9_:-]{1,40})/i.exec(start)?.[1] ?? null
  // The label was readable as ASCII, so it cannot be UTF-16.
  return label !== null && /^utf-?16/i.test(label) ? 'utf-8' : label
}

function textAsHtml(text: string): string {
  const escaped = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
  return `<div style="white-space: pre-wrap">${escaped}</div>`
}
