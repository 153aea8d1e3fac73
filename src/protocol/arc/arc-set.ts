import { type MessageSignature, readMessageSignature, readSigner, type SignerTags } from '../dkim/signature-tags.ts'
import { parseTagList, readNumber, requireTag, type TagList } from '../dkim/tag-list.ts'
import { allFields, type HeaderField } from '../mime/header-fields.ts'
import { ParseError } from '../parse-error.ts'

/** The three fields one handler of a message added (RFC 8617 §4.2). */
export interface ArcSet {
  instance: number
  authResults: HeaderField
  messageSignature: HeaderField
  message: MessageSignature
  seal: HeaderField
  sealer: SignerTags
  /** `cv=` of the seal: what the sealer found the chain before it to be. */
  chain: 'none' | 'pass' | 'fail'
}

/** RFC 8617 §4.2.1. */
export const MAX_INSTANCES = 50

const MAX_OCTETS = 262_144
const MAX_TAGS = 100

/** The ARC sets of a head, the first one first; ParseError when fields are missing, doubled or malformed (RFC 8617 §5.2). */
export function readArcSets(fields: readonly HeaderField[]): ArcSet[] {
  const { authResults, messageSignatures, seals } = arcFields(fields)
  const all = [...authResults, ...messageSignatures, ...seals]
  if (all.length > 3 * MAX_INSTANCES) throw new ParseError('more ARC sets than allowed')
  if (all.reduce((octets, field) => octets + field.raw.length, 0) > MAX_OCTETS)
    throw new ParseError('too large ARC sets')
  const byInstance = {
    authResults: indexFields(authResults, (field) => ({ field, instance: readResultsInstance(field) })),
    messages: indexFields(messageSignatures, readTagged),
    seals: indexFields(seals, readTagged),
  }
  const count = Math.max(authResults.length, messageSignatures.length, seals.length)
  return Array.from({ length: count }, (_, n) => {
    const results = byInstance.authResults.get(n + 1)
    const message = byInstance.messages.get(n + 1)
    const seal = byInstance.seals.get(n + 1)
    if (!results || !message || !seal) throw new ParseError(`ARC set ${n + 1} is not complete`)
    return {
      instance: n + 1,
      authResults: results.field,
      messageSignature: message.field,
      message: readArcMessageSignature(message.tags),
      seal: seal.field,
      ...readSeal(seal.tags),
    }
  })
}

/** The number for the next set: one more than any ARC field claims, whether or not the chain is whole. */
export function nextInstance(fields: readonly HeaderField[]): number {
  const claimed = Object.values(arcFields(fields)).flat().map(claimedInstance)
  return 1 + Math.max(0, ...claimed)
}

function claimedInstance({ value }: HeaderField): number {
  const tags = value
    .split(';', MAX_TAGS)
    .map((tag) => /^[ \t\r\n]*i[ \t\r\n]*=[ \t\r\n]*([0-9]{1,2})[ \t\r\n]*$/.exec(tag))
  return Number(tags.find((tag) => tag)?.[1] ?? 0)
}

function arcFields(fields: readonly HeaderField[]) {
  return {
    authResults: allFields(fields, 'ARC-Authentication-Results'),
    messageSignatures: allFields(fields, 'ARC-Message-Signature'),
    seals: allFields(fields, 'ARC-Seal'),
  }
}

interface Numbered {
  instance: number
  field: HeaderField
}

function indexFields<T extends Numbered>(fields: readonly HeaderField[], read: (field: HeaderField) => T) {
  const index = new Map<number, T>()
  for (const field of fields) {
    const item = read(field)
    if (index.has(item.instance)) throw new ParseError(`${field.name} ${item.instance} is there twice`)
    index.set(item.instance, item)
  }
  return index
}

function readTagged(field: HeaderField): Numbered & { tags: TagList } {
  const tags = parseTagList(field.value)
  return { field, tags, instance: checkInstance(readNumber(tags, 'i', 2) ?? 0) }
}

// RFC 8617 §4.1.1: unlike in the other two, i= has to come first here, in front of an ordinary Authentication-Results.
function readResultsInstance(field: HeaderField): number {
  const found = /^[ \t\r\n]*i[ \t\r\n]*=[ \t\r\n]*([0-9]{1,2})[ \t\r\n]*;/.exec(field.value)
  return checkInstance(Number(found?.[1] ?? 0))
}

function checkInstance(instance: number): number {
  if (instance < 1 || instance > MAX_INSTANCES) throw new ParseError('ARC field without a valid i=')
  return instance
}

function readArcMessageSignature(tags: TagList): MessageSignature {
  // RFC 8617 knows no simple seal, and the ARC test suite wants the same of a message signature that says nothing.
  const signature = readMessageSignature(tags, 'relaxed/relaxed')
  // RFC 8617 §4.1.2: seals cover the message signature, so it cannot cover them.
  if (signature.names.includes('arc-seal')) throw new ParseError('ARC-Message-Signature signs a seal')
  return signature
}

function readSeal(tags: TagList): Pick<ArcSet, 'sealer' | 'chain'> {
  if (tags.has('h')) throw new ParseError('ARC-Seal has a tag h=')
  const chain = requireTag(tags, 'cv')
  if (chain !== 'none' && chain !== 'pass' && chain !== 'fail') throw new ParseError('tag cv= is unknown')
  return { sealer: readSigner(tags), chain }
}
