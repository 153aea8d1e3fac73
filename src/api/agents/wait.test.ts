import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from '../../../test/support/api-client.ts'
import { type Reply, type TestApp, testApp } from '../../../test/support/app.ts'
import { HttpServer } from '../server.ts'

let t: TestApp
let serial = 0

beforeAll(async () => {
  t = await testApp()
})
afterAll(() => t[Symbol.asyncDispose]())

const newBox = async () => {
  const { body } = await t.call('POST', '/api/v0/inboxes', { body: { username: `waiting-${++serial}` } })
  return { id: body.inbox_id as string, address: body.email_address as string }
}
const wait = (box: { id: string }, query = '', key = t.key) =>
  t.call('GET', `/api/v0/inboxes/${box.id}/wait${query}`, { key })
const mail = (box: { address: string }, subject: string, from = 'ada@example.com') =>
  t.mail(box.address, `From: ${from}\nTo: ${box.address}\nSubject: ${subject}\n\nHello`)
const settled = async () => {
  for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate)
}

/** Moves the clock until the answer is there; answers also how long that took. */
async function timed(answer: Promise<Reply>): Promise<[Reply, number]> {
  const start = t.clock.now()
  let over = false
  const done = answer.finally(() => {
    over = true
  })
  while (!over) {
    await settled()
    if (!over) t.clock.advance(500)
  }
  return [await done, t.clock.now() - start]
}

describe('a wait', () => {
  test('answers a message that comes meanwhile, whole, and a list at once has it', async () => {
    const box = await newBox()
    const answer = wait(box)
    await settled()
    await mail(box, 'Welcome')
    const { status, headers, body } = await answer
    expect([status, headers.get('cache-control')]).toEqual([200, 'no-store'])
    const list = (await t.call('GET', `/api/v0/inboxes/${box.id}/messages`)).body.data
    const whole = await t.call('GET', `/api/v0/inboxes/${box.id}/messages/${list[0].message_id}`)
    expect(body).toEqual({ message: whole.body })
    expect(body.message).toMatchObject({ subject: 'Welcome', text: 'Hello' })
  })

  test('answers what is there already, oldest first, each once', async () => {
    const box = await newBox()
    await mail(box, 'One')
    await mail(box, 'Two')
    const subjects = [await wait(box), await wait(box)].map((answer) => answer.body.message.subject)
    expect(subjects).toEqual(['One', 'Two'])
    expect((await wait(box, '?timeout=0')).body).toEqual({ message: null })
  })

  test('after a time answers only what came later, as often as it is asked', async () => {
    const box = await newBox()
    await mail(box, 'One')
    await mail(box, 'Two')
    const one = (await wait(box, '?after=2020-01-01T00:00:00Z')).body.message
    expect(one.subject).toBe('One')
    for (let again = 0; again < 2; again++) {
      expect((await wait(box, `?after=${one.timestamp}`)).body.message.subject).toBe('Two')
    }
  })

  test('waits for what matches sender, recipient and subject', async () => {
    const box = await newBox()
    const answer = wait(box, '?from=grace&subject=code&subject=your&to=waiting')
    await settled()
    await mail(box, 'Your code')
    await mail(box, 'Your news', 'grace@example.com')
    await mail(box, 'Your CODE', 'Grace@example.com')
    expect((await answer).body.message).toMatchObject({ subject: 'Your CODE', from: 'Grace@example.com' })
  })

  test('waits for a code or a link, and answers them', async () => {
    const box = await newBox()
    const [code, link] = [wait(box, '?has_code=true'), wait(box, '?has_link=true&has_code=false')]
    await settled()
    await mail(box, 'Neither')
    await t.mail(box.address, 'From: a@b.example\nSubject: Sign in\n\nYour verification code is 482913.')
    await t.mail(box.address, 'From: a@b.example\nSubject: Welcome\n\nConfirm: https://b.example/confirm?token=abc')
    expect((await code).body.message.codes).toMatchObject([{ value: '482913' }])
    expect((await link).body.message.links).toMatchObject([{ href: 'https://b.example/confirm?token=abc' }])
  })

  test('is over after the time asked for, thirty seconds when none is, and a minute at most', async () => {
    const box = await newBox()
    for (const [query, ms] of [
      ['?timeout=2.5', 2_500],
      ['', 30_000],
      ['?timeout=3600', 60_000],
    ] as const) {
      const [{ status, body }, took] = await timed(wait(box, query))
      expect([status, body]).toEqual([200, { message: null }])
      expect(took).toBeGreaterThanOrEqual(ms)
      expect(took).toBeLessThan(ms + 1_000)
    }
  })

  test('ends with 404 when the inbox is deleted meanwhile', async () => {
    const box = await newBox()
    const answer = wait(box)
    await settled()
    await t.call('DELETE', `/api/v0/inboxes/${box.id}`)
    expect(await answer).toMatchObject({ status: 404, body: { code: 'not_found' } })
  })

  test.each(['timeout=-1', 'timeout=NaN', 'timeout=1e3', 'timeout=', 'after=yesterday', 'include_spam=1'])(
    '%s is refused',
    async (query) => {
      const box = await newBox()
      expect(await wait(box, `?${query}`)).toMatchObject({ status: 400, body: { code: 'validation_error' } })
    },
  )
})

describe('who may wait', () => {
  const keyWith = async (fields: object) => {
    const made = await t.call('POST', '/api/v0/api-keys', { body: { name: 'key', ...fields } })
    return made.body.key as string
  }

  test('another organization finds no inbox', async () => {
    const box = await newBox()
    expect((await wait(box, '', await t.organization())).status).toBe(404)
  })

  test('a key that may not read messages may not', async () => {
    const box = await newBox()
    const key = await keyWith({ permissions: { inbox_read: true } })
    expect(await wait(box, '', key)).toMatchObject({ status: 403, body: { code: 'missing_permission' } })
  })

  test("a key that is revoked, weakened or over ends its waits at once, and nobody else's", async () => {
    const box = await newBox()
    const bystander = wait(box)
    const ends: [object, (id: string) => unknown, number, string][] = [
      [{}, (id) => t.call('DELETE', `/api/v0/api-keys/${id}`), 401, 'unknown_api_key'],
      [{}, (id) => t.call('PATCH', `/v0/api-keys/${id}`, { body: { permissions: {} } }), 403, 'missing_permission'],
      [
        { expires_at: new Date(t.clock.now() + 10_000).toISOString() },
        () => t.clock.advance(10_000),
        401,
        'unknown_api_key',
      ],
    ]
    for (const [fields, end, status, code] of ends) {
      const { key, key_id } = (await t.call('POST', '/api/v0/api-keys', { body: { name: 'key', ...fields } })).body
      const waiting = wait(box, '', key)
      await settled()
      await end(key_id)
      expect(await waiting).toMatchObject({ status, body: { code } })
    }
    await mail(box, 'After')
    expect((await bystander).body.message.subject).toBe('After')
  })

  test('spam is waited for by keys that may read it', async () => {
    const box = await newBox()
    const key = await keyWith({ permissions: { message_read: true } })
    expect((await wait(box, '?timeout=0&include_spam=true', key)).status).toBe(403)
    expect((await wait(box, '?timeout=0&include_spam=true')).status).toBe(200)
  })

  test('twenty waits of one key, and 200 of one organization, are enough', async () => {
    const boxes = [await newBox(), await newBox()]
    const keys = await Promise.all(Array.from({ length: 11 }, (_, n) => keyWith({ name: `many ${n}` })))
    const [last = '', ...others] = keys
    const waits = others.flatMap((key) => Array.from({ length: 20 }, (_, n) => wait(boxes[n % 2]!, '', key)))
    await settled()
    const full = await wait(boxes[0]!, '', others[0])
    expect(full).toMatchObject({ status: 429, body: { code: 'rate_limit_exceeded' } })
    expect(full.headers.get('retry-after')).toBe('1')
    expect((await wait(boxes[0]!, '', last)).status).toBe(429)
    await Promise.all(boxes.map((box) => mail(box, 'For all')))
    const answers = await Promise.all(waits)
    expect(answers.map(({ body }) => body.message?.subject)).toEqual(Array.from({ length: 200 }, () => 'For all'))
    expect((await wait(boxes[0]!, '?timeout=0', last)).status).toBe(200)
  })
})

describe('over the wire', () => {
  test('a client that goes away frees its place, and a server that stops answers those who wait', async () => {
    await using own = await testApp()
    const server = new HttpServer(own.app)
    const port = await server.listen('127.0.0.1', 0)
    const made = await own.call('POST', '/api/v0/inboxes', { body: { username: 'wire' } })
    const headers = { authorization: `Bearer ${own.key}` }
    const url = `http://127.0.0.1:${port}/api/v0/inboxes/${made.body.inbox_id}/wait`
    const open = Array.from({ length: 20 }, () =>
      request(url, { headers, agent: false })
        .on('error', () => {})
        .end(),
    )
    const status = () => own.call('GET', `/api/v0/inboxes/${made.body.inbox_id}/wait?timeout=0`).then((r) => r.status)
    await eventually(status, (code) => code === 429)
    for (const one of open) one.destroy()
    await eventually(status, (code) => code === 200)

    const bodies = Array.from({ length: 20 }, async () => (await fetch(url, { headers })).json())
    await eventually(status, (code) => code === 429)
    await server[Symbol.asyncDispose]()
    expect(await Promise.all(bodies)).toEqual(Array.from({ length: 20 }, () => ({ message: null })))
  })
})
