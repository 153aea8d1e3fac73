import type { Route } from '../route.ts'
import { createRouter } from '../router.ts'

/**
 * Who is meant at `/api/v0`, where both dialects live: true for the official one. What the client says of itself decides, else the path:
 * one that only the official dialect has, or has in words where the seed has an id. Never the key, and never the query.
 */
export function officialAt(seedRoutes: readonly Route[], officialRoutes: readonly Route[]) {
  const [seed, official] = [createRouter(seedRoutes), createRouter(officialRoutes)]
  return (request: Request, path: string): boolean => {
    const said = request.headers.get('x-api-dialect')?.trim().toLowerCase()
    if (said === 'seed' || said === 'agentmail') return said === 'agentmail'
    if (isOfficialClient(request.headers)) return true
    const pattern = official.patternOf(path)
    if (pattern === undefined) return false
    const seedPattern = seed.patternOf(path)
    return seedPattern === undefined || namesIn(pattern) < namesIn(seedPattern)
  }
}

function isOfficialClient(headers: Headers): boolean {
  if (headers.get('x-fern-sdk-name') === 'agentmail') return true
  return /^agentmail\//i.test(headers.get('user-agent') ?? '') || headers.has('x-stainless-lang')
}

function namesIn(pattern: string): number {
  return pattern.split('/:').length
}
