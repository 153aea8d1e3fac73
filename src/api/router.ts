import type { Method } from './route.ts'

interface Entry {
  method: Method
  path: string
  /** HEAD does not go there. */
  handsOut?: boolean
}

/** What a path leads to: a route and its raw segments, the methods that would have led somewhere, or nothing. */
export type Match<T> = { route: T; params: Record<string, string> } | { route: undefined; allow: string[] }

export interface Router<T> {
  match(method: string, path: string): Match<T>
  /** The most literal pattern that a path fits, whatever the method. */
  patternOf(path: string): string | undefined
}

interface Compiled<T> {
  route: T
  method: Method
  segments: string[]
}

/**
 * Finds routes by comparing segments as they were sent: decoding comes after, so that an encoded slash never moves a border.
 * Literal segments win over `:name`, one slash at the end is overlooked, and HEAD goes where GET does,
 * unless that hands something out.
 */
export function createRouter<T extends Entry>(routes: readonly T[]): Router<T> {
  const byLength = Map.groupBy(
    routes.map((route): Compiled<T> => ({ route, method: route.method, segments: split(route.path) })),
    (compiled) => compiled.segments.length,
  )
  for (const group of byLength.values()) group.sort((a, b) => (rank(a.segments) < rank(b.segments) ? -1 : 1))
  const fitting = (segments: string[]) => {
    return (byLength.get(segments.length) ?? []).filter((compiled) => fits(compiled.segments, segments))
  }
  return {
    patternOf: (path) => fitting(split(path))[0]?.route.path,
    match(method, path) {
      const segments = split(path)
      const here = fitting(segments)
      const wanted = method === 'HEAD' ? 'GET' : method
      const hit = here.find((compiled) => compiled.method === wanted)
      if (hit && methodsOf(hit.route).includes(method)) {
        return { route: hit.route, params: paramsOf(hit.segments, segments) }
      }
      return { route: undefined, allow: allowed(here.map(({ route }) => route)).filter((one) => one !== method) }
    },
  }
}

function split(path: string): string[] {
  const trimmed = path.replace(/^\//, '').replace(/\/$/, '')
  return trimmed === '' ? [] : trimmed.split('/')
}

// '0' before '1' segment by segment: the route that is literal earlier comes first.
function rank(segments: string[]): string {
  return segments.map((s) => (s.startsWith(':') ? '1' : '0')).join('')
}

function fits(pattern: string[], segments: string[]): boolean {
  return pattern.every((p, at) => (p.startsWith(':') ? segments[at] !== '' : p === segments[at]))
}

function paramsOf(pattern: string[], segments: string[]): Record<string, string> {
  const params: Record<string, string> = {}
  for (const [at, p] of pattern.entries()) if (p.startsWith(':')) params[p.slice(1)] = segments[at] ?? ''
  return params
}

function allowed(routes: Entry[]): string[] {
  return [...new Set(routes.flatMap(methodsOf))].sort()
}

function methodsOf({ method, handsOut = false }: Entry): string[] {
  return method === 'GET' && !handsOut ? ['GET', 'HEAD'] : [method]
}
