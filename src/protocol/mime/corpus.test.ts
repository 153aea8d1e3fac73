import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { leaves } from './body.ts'
import { decodePart } from './decode-part.ts'
import { parseMessage } from './parse-message.ts'
import type { PartNode } from './part-tree.ts'

const corpora = join(import.meta.dirname, '../../../../shared/corpora/mime')
const readCorpus = (path: string) => readFileSync(join(corpora, path))

interface Leaf {
  type: string
  filename: string | null
  bytes: Buffer
}

/** All leaves in document order, those of messages inside included. */
function walk(message: Buffer): Leaf[] {
  return leaves(parseMessage(message).structure).flatMap((node) => walkLeaf(message, node))
}

function walkLeaf(message: Buffer, node: PartNode): Leaf[] {
  const bytes = decodePart(message, node)
  if (node.contentType === 'message/rfc822') return walk(bytes)
  return [{ type: node.contentType, filename: node.filename, bytes }]
}

const sha256 = (text: string) => createHash('sha256').update(text, 'latin1').digest('hex')
const lines = (bytes: Buffer) => bytes.toString('latin1').replaceAll('\r\n', '\n')

interface CpythonNode {
  type: string
  filename?: string
  bytes: number
  sha256: string
  parts?: CpythonNode[]
}

// CPython also takes reports and external bodies apart; to us they are leaves.
const isOpaque = (type: string) => type.startsWith('message/') && type !== 'message/rfc822'
const cpythonLeaves = (node: CpythonNode): CpythonNode[] =>
  isOpaque(node.type) ? [node] : (node.parts?.flatMap(cpythonLeaves) ?? [node])

/** What differs from CPython's reading, in words; empty when nothing does. */
function compareCpython(file: string, root: CpythonNode): string[] {
  const show = (l: { type: string; filename?: string | null }) => `${l.type} ${l.filename ?? ''}`
  const ours = walk(readCorpus(`cpython/${file}`))
  const theirs = cpythonLeaves(root)
  if (ours.map(show).join('|') !== theirs.map(show).join('|'))
    return [`${file}: ${ours.length} leaves, not ${theirs.length}`]
  return ours.flatMap((leaf, i) => (hasHash(leaf, theirs[i]!) ? [] : [`${file}: bytes of leaf ${i}`]))
}

// Which line ends CPython hashed, and whether it kept the last one, is not written down.
function hasHash(leaf: Leaf, { sha256: wanted }: CpythonNode): boolean {
  const text = lines(leaf.bytes)
  const forms = [leaf.bytes.toString('latin1'), text, text.trim(), `${text}\n`, text.replace(/\n$/, '')]
  return isOpaque(leaf.type) || forms.some((form) => sha256(form) === wanted)
}

test('the mails of CPython have the leaves that CPython sees', () => {
  const cases = JSON.parse(readCorpus('cpython/structure.json').toString()) as { file: string; root: CpythonNode }[]
  const misses = cases.map(({ file, root }) => compareCpython(file, root)).filter((m) => m.length > 0)
  const score = cases.length - misses.length
  console.log(`cpython: ${score} of ${cases.length}`, misses.flat())
  // The two misses have parts behind a closing delimiter; we show them.
  expect(score).toBeGreaterThanOrEqual(46)
})

interface Mime4jNode {
  headers: string[]
  parts?: Mime4jNode[]
  message?: Mime4jNode
  body?: { file: string }
}

const mime4jLeaves = (node: Mime4jNode): Mime4jNode[] =>
  node.message ? mime4jLeaves(node.message) : (node.parts?.flatMap(mime4jLeaves) ?? (node.body ? [node] : []))

interface Mime4jCase {
  file: string
  contested: boolean
  root: Mime4jNode
}

const mime4jCases = () => JSON.parse(readCorpus('mime4j/structure.json').toString()) as Mime4jCase[]

const declaredType = (headers: readonly string[]) =>
  /^content-type\s*:\s*([^\s;]+\/[^\s;]+)/i.exec(headers.find((h) => /^content-type\s*:/i.test(h)) ?? '')?.[1]

function compareMime4j({ file, root }: Mime4jCase): string[] {
  const ours = walk(readCorpus(`mime4j/${file}`))
  const theirs = mime4jLeaves(root)
  if (ours.length !== theirs.length) return [`${file}: ${ours.length} leaves, not ${theirs.length}`]
  return ours.flatMap((leaf, i) => {
    const { headers, body } = theirs[i]!
    const type = declaredType(headers)?.toLowerCase()
    const misses =
      type !== undefined && type !== leaf.type ? [`${file}: type of leaf ${i} is ${leaf.type}, not ${type}`] : []
    const same = lines(leaf.bytes).trim() === lines(readCorpus(`mime4j/${body!.file}`)).trim()
    return same ? misses : [...misses, `${file}: bytes of leaf ${i}`]
  })
}

test('the mails of Mime4j have the leaves and bytes that Mime4j sees', () => {
  const cases = mime4jCases().filter((c) => !c.contested)
  const misses = cases.map(compareMime4j).filter((m) => m.length > 0)
  console.log(`mime4j: ${cases.length - misses.length} of ${cases.length}`, misses.flat())
  expect(cases.length - misses.length).toBeGreaterThanOrEqual(50)
})

test('of the mails that parsers disagree about, no line that Mime4j shows is lost', () => {
  const cases = mime4jCases().filter((c) => c.contested)
  const missing = cases.flatMap(({ file, root }) => {
    const shown = walk(readCorpus(`mime4j/${file}`)).map((leaf) => lines(leaf.bytes))
    const theirs = mime4jLeaves(root).flatMap((leaf) => lines(readCorpus(`mime4j/${leaf.body!.file}`)).split('\n'))
    const lost = theirs.filter((line) => line.trim() !== '' && !shown.some((text) => text.includes(line.trim())))
    return lost.length > 0 ? [`${file}: ${lost.length} lines, such as ${lost[0]!.slice(0, 60)}`] : []
  })
  console.log(`mime4j, contested: nothing lost in ${cases.length - missing.length} of ${cases.length}`, missing)
  expect(cases.length - missing.length).toBeGreaterThanOrEqual(30)
})

test('the file names of the corpora are read as they were meant', () => {
  const names = mime4jCases().flatMap(({ file }) => walk(readCorpus(`mime4j/${file}`)).map((leaf) => leaf.filename))
  expect(names).toContain('attachment.\u00e4\u00f6\u00fc')
  expect(names.filter((name) => name !== null && /[/\\\0]/.test(name))).toEqual([])
})
