import { expect, test } from 'vitest'
import { z } from 'zod'
import { agents } from './agents/routes.ts'
import { automation } from './automation/routes.ts'
import { refusedWith } from './refused.ts'
import { route } from './route.ts'

const some = { summary: 'x', handle: async () => undefined }
const shape = z.object({})

test.each([
  ['a bare look', route({ ...some, method: 'GET', path: '/x' }), [401, 403, 500, 503]],
  ['one without a key', route({ ...some, method: 'GET', path: '/x', open: true }), [500, 503]],
  ['one at something', route({ ...some, method: 'GET', path: '/x/:id', query: shape }), [400, 401, 403, 404, 500, 503]],
  [
    'a body',
    route({ ...some, method: 'POST', path: '/x', body: shape }),
    [400, 401, 403, 409, 413, 415, 422, 429, 500, 503],
  ],
  [
    'what it names',
    route({ ...some, method: 'GET', path: '/x', refuses: ['rate_limited'] }),
    [401, 403, 429, 500, 503],
  ],
])('%s may be refused with', (_case, asked, statuses) => {
  expect(refusedWith(agents, asked)).toEqual(statuses)
})

test('each dialect has its own statuses', () => {
  const asked = route({ ...some, method: 'POST', path: '/x', body: shape })
  expect(refusedWith(automation, asked)).not.toContain(422)
})
