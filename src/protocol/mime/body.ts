import type { PartNode } from './part-tree.ts'

/** The leaves that are the body: those of one view (text or HTML) belong together in this order. */
export interface Block {
  text: PartNode[]
  html: PartNode[]
}

/**
 * Which leaves are the body of the message, as mail clients show it: in document order, one block per thing to show; a block with text and
 * HTML says the same twice. `startOf` is the `start` parameter of a multipart/related, without brackets.
 */
export function chooseBody(root: PartNode, startOf: (node: PartNode) => string | null): Block[] {
  const blocks = collect(root, startOf)
  if (blocks.length > 0) return blocks
  const all = leaves(root)
  const named = all.find((leaf) => leaf.disposition !== 'attachment' && BODY.has(leaf.contentType))
  if (named) return named.contentType === 'text/html' ? [{ text: [], html: [named] }] : [{ text: [named], html: [] }]
  const other = all.find(isReadableText)
  return other ? [{ text: [other], html: [] }] : []
}

// With a file name these are attachments; but when there are no other words, they are what the mail says, too.
const BODY = new Set(['text/plain', 'text/html'])

/** Every leaf in document order. */
export function leaves(node: PartNode): PartNode[] {
  return node.children.length === 0 ? [node] : node.children.flatMap(leaves)
}

function collect(node: PartNode, startOf: (node: PartNode) => string | null): Block[] {
  if (node.children.length === 0) return leafBlock(node)
  const blocks = node.children.map((child) => collect(child, startOf))
  if (node.contentType === 'multipart/related') return relatedBlocks(node, blocks, startOf(node))
  return node.contentType === 'multipart/alternative' ? alternativeBlock(blocks) : blocks.flat()
}

function leafBlock(leaf: PartNode): Block[] {
  if (leaf.disposition === 'attachment' || leaf.filename !== null) return []
  if (leaf.contentType === 'text/html') return [{ text: [], html: [leaf] }]
  // A multipart without parts: its bytes are all we have, and people can read them.
  const plain = leaf.contentType === 'text/plain' || (leaf.contentType.startsWith('multipart/') && leaf.length > 0)
  return plain ? [{ text: [leaf], html: [] }] : []
}

/** RFC 2046 §5.1.4: all say the same, the last is the best; so the plainest text, and the last HTML. */
function alternativeBlock(children: Block[][]): Block[] {
  const text = children.find((blocks) => blocks.some((b) => b.text.length > 0)) ?? []
  const html = children.findLast((blocks) => blocks.some((b) => b.html.length > 0)) ?? []
  const block = { text: text.flatMap((b) => b.text), html: html.flatMap((b) => b.html) }
  return block.text.length + block.html.length > 0 ? [block] : []
}

/** RFC 2387: one part is shown, the others are what it refers to; except text that nothing could refer to. */
function relatedBlocks(node: PartNode, children: Block[][], start: string | null): Block[] {
  const named = start === null ? -1 : node.children.findIndex((c) => c.contentId === start)
  const root = named >= 0 ? named : children.findIndex((blocks) => blocks.length > 0)
  const isShown = (child: PartNode, index: number) =>
    index === root || (child.contentId === null && child.children.length === 0)
  return node.children.flatMap((child, index) => (isShown(child, index) ? children[index]! : []))
}

const READABLE = new Set(['text/enriched', 'text/richtext', 'text/markdown', 'text/x-markdown'])

/** Text that is nobody's favourite form, but better than an empty message. */
function isReadableText(leaf: PartNode): boolean {
  return READABLE.has(leaf.contentType) && leaf.disposition !== 'attachment' && leaf.filename === null
}
