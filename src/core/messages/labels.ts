import { type Failure, invalid } from '../errors.ts'

const MAX_LABELS = 50
/** Some may be named twice; more than this is not even read. */
const MAX_WRITTEN = 1_000

/** User labels in their kept form: trimmed, 1 to 128 characters, no control characters, the first of equals. */
export function checkLabels(labels: readonly string[], path = 'labels'): string[] {
  if (labels.length > MAX_WRITTEN) throw tooMany(path)
  const kept = [...new Set(labels.map((label, at) => checkLabel(label, [path, at])))]
  refuseTooMany(kept, path)
  return kept
}

export function refuseTooMany(labels: readonly string[], path = 'labels'): void {
  if (labels.length > MAX_LABELS) throw tooMany(path)
}

function tooMany(path: string): Failure {
  return invalid(path, `a message has at most ${MAX_LABELS} labels`)
}

function checkLabel(label: string, path: (string | number)[]): string {
  const text = label.trim()
  if (text === '' || [...text].length > 128) throw invalid(path, 'must have 1 to 128 characters')
  if (/\p{Cc}/u.test(text)) throw invalid(path, 'must not hold control characters')
  if (!text.isWellFormed()) throw invalid(path, 'must be valid Unicode')
  return text
}
