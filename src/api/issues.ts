import type { Issue } from '../core/errors.ts'

/** The same issues, with the fields named as the request named them: `names` has those that core calls by another name. */
export function renameFields(issues: readonly Issue[], names: Readonly<Record<string, string>>): Issue[] {
  return issues.map(({ path: [first, ...rest], message }) => {
    return { path: first === undefined ? [] : [names[first] ?? first, ...rest], message }
  })
}

/** The first of them, as one line. */
export function sayIssues(issues: readonly Issue[]): string {
  const told = issues.slice(0, 5).map(({ path, message }) => [path.join('.'), message].filter(Boolean).join(': '))
  return told.join('; ')
}

/** What is wrong with each field; what is wrong with none in particular stands under `body`. */
export function issuesByField(issues: readonly Issue[]): Record<string, string[]> {
  const grouped = Map.groupBy(issues, ({ path }) => path.join('.') || 'body')
  return Object.fromEntries([...grouped].map(([field, all]) => [field, all.map(({ message }) => message)]))
}
