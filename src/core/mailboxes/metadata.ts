import { invalid } from '../errors.ts'
import type { Metadata } from './model.ts'

const MAX_KEYS = 256
const MAX_LENGTH = 256

/** What is to become of the notes: given names are set, those with null are removed; null instead of a change removes all. */
export type MetadataChange = Record<string, string | number | boolean | null>

/** Refuses names and texts that are too long. */
export function checkMetadata(change: MetadataChange): void {
  if (Object.keys(change).length > MAX_KEYS) throw tooMany()
  for (const [name, value] of Object.entries(change)) {
    const path = ['metadata', name]
    if (name === '' || [...name].length > MAX_LENGTH) throw invalid(path, `a name has 1 to ${MAX_LENGTH} characters`)
    if (typeof value !== 'string') continue
    if ([...value].length > MAX_LENGTH) throw invalid(path, `must have at most ${MAX_LENGTH} characters`)
    if (!value.isWellFormed()) throw invalid(path, 'must be valid Unicode')
  }
}

/** The notes as they are after a change. */
export function mergeMetadata(before: Metadata, change: MetadataChange | null): Metadata {
  if (change === null) return {}
  const kept = Object.entries({ ...before, ...change }).filter(([, value]) => value !== null)
  if (kept.length > MAX_KEYS) throw tooMany()
  return Object.fromEntries(kept) as Metadata
}

function tooMany(): Error {
  return invalid('metadata', `at most ${MAX_KEYS} names`)
}
