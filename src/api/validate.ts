import type { z } from 'zod'
import { Failure, type Issue } from '../core/errors.ts'

type RawIssue = z.core.$ZodIssue

/** The value in its shape, or `invalid` with every place that is wrong. Nothing is ever coerced. */
export function check<Shape extends z.ZodType>(shape: Shape, value: unknown): z.output<Shape> {
  const result = shape.safeParse(value, { error: wordIssue })
  if (result.success) return result.data
  const issues = result.error.issues.slice(0, 100).map(toIssue)
  throw new Failure('invalid', issues.slice(0, 5).map(toText).join('; '), { issues })
}

// What is missing is told as missing, not as a wrong type.
function wordIssue(issue: { code?: string; input?: unknown }): string | undefined {
  return issue.code === 'invalid_type' && issue.input === undefined ? 'is required' : undefined
}

function toIssue({ path, message }: RawIssue): Issue {
  return { path: path.map((p) => (typeof p === 'symbol' ? String(p) : p)), message }
}

function toText({ path, message }: Issue): string {
  return path.length > 0 ? `${path.join('.')}: ${message}` : message
}
