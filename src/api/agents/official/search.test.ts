import type { AgentMailClient } from 'agentmail'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { agentmail } from '../../../../test/support/agentmail.ts'
import { type TestApp, testApp } from '../../../../test/support/app.ts'

let t: TestApp
let client: AgentMailClient
let inbox: string
let pod: string

beforeAll(async () => {
  t = await testApp()
  client = agentmail(t)
  const made = await client.inboxes.create({ username: 'desk' })
  inbox = made.inboxId
  pod = made.podId
  await t.mail(
    inbox,
    'From: Zoe <zoe@client.test>\nTo: desk@posthouse.test\nSubject: Oolong (2 tins)\n\nOf the spring harvest\n',
  )
  await t.mail(
    inbox,
    'From: Bob <bob@oolong-house.test>\nTo: desk@posthouse.test\nSubject: Lunch\n\nNoon? The ponds are nice.\n',
  )
  await t.app.search.caughtUp()
})
afterAll(() => t[Symbol.asyncDispose]())

const lunch = 'Lunch'
const order = 'Oolong (2 tins)'

test.each([
  ['whole words', 'tins oolong', [order]],
  ['the middle of a word of the subject', 'olon', [lunch, order]],
  ['the middle of an address', 'ng-house.te', [lunch]],
  ['several such texts', 'olon ob@', [lunch]],
  ['signs', '(2', [order]],
  ['a recipient', 'esk@', [lunch, order]],
  ['whole words of the body', 'harvest', [order]],
  ['beginnings of words of the body', 'pond', [lunch]],
  ['never the middle of a word of the body', 'arves', []],
  ['nothing for a text that is nowhere', 'olon x@', []],
  ['nothing for what no text holds', '\0', []],
])('a search finds %s', async (_case, q, subjects) => {
  const { messages } = await client.inboxes.messages.search(inbox, { q })
  expect(messages.map(({ subject }) => subject)).toEqual(subjects)
  for (const scope of [
    await client.threads.search({ q }),
    await client.pods.threads.search(pod, { q }),
    await client.inboxes.threads.search(inbox, { q }),
  ]) {
    expect(scope.threads.map(({ subject }) => subject)).toEqual(subjects)
  }
})

test('a hit is marked where it is, in the middle of a word too', async () => {
  const { messages } = await client.inboxes.messages.search(inbox, { q: 'lon' })
  expect(messages.map(({ highlights }) => highlights)).toEqual([
    { from: ['Bob <bob@oo**lon**g-house.test>'] },
    { subject: ['Oo**lon**g (2 tins)'] },
  ])
})

test('a stranger finds nothing of it', async () => {
  const stranger = agentmail(t, await t.organization())
  expect((await stranger.threads.search({ q: 'olon' })).count).toBe(0)
})
