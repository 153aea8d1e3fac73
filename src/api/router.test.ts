import { expect, test } from 'vitest'
import { createRouter } from './router.ts'

const router = createRouter([
  { method: 'GET' as const, path: '/boxes/:box/mails/:mail' },
  { method: 'PATCH' as const, path: '/boxes/:box/mails/:mail' },
  { method: 'POST' as const, path: '/boxes/:box/mails/send' },
  { method: 'GET' as const, path: '/boxes/:box/mails/wait', handsOut: true },
  { method: 'GET' as const, path: '/boxes' },
])

test.each([
  ['GET', '/boxes', '/boxes', {}],
  ['GET', '/boxes/', '/boxes', {}],
  ['HEAD', '/boxes', '/boxes', {}],
  ['GET', '/boxes/a/mails/b', '/boxes/:box/mails/:mail', { box: 'a', mail: 'b' }],
  ['GET', '/boxes/a/mails/send', '/boxes/:box/mails/:mail', { box: 'a', mail: 'send' }],
  ['POST', '/boxes/a/mails/send', '/boxes/:box/mails/send', { box: 'a' }],
  ['GET', '/boxes/a%2Fb/mails/%zz', '/boxes/:box/mails/:mail', { box: 'a%2Fb', mail: '%zz' }],
])('%s %s leads to %s', (method, path, pattern, params) => {
  const match = router.match(method, path)
  expect(match.route?.path).toBe(pattern)
  expect(match).toMatchObject({ params })
})

test.each([
  ['POST', '/boxes', ['GET', 'HEAD']],
  ['DELETE', '/boxes/a/mails/send', ['GET', 'HEAD', 'PATCH', 'POST']],
  ['HEAD', '/boxes/a/mails/wait', ['GET', 'PATCH']],
  ['OPTIONS', '/boxes/a/mails/b', ['GET', 'HEAD', 'PATCH']],
  ['GET', '/boxes//mails/b', []],
  ['GET', '/', []],
  ['GET', '/boxes/a/mails/b/c', []],
])('%s %s leads nowhere, and %j is allowed', (method, path, allow) => {
  expect(router.match(method, path)).toEqual({ route: undefined, allow })
})
