import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type AgentMailBench, startAgentMailBench } from '../support/agentmail.ts'
import { eventually } from '../support/api-client.ts'

// The programs of examples/, run as they stand against a running server that is written to over SMTP.
let bench: AgentMailBench

beforeAll(async () => {
  bench = await startAgentMailBench()
})
afterAll(() => bench[Symbol.asyncDispose]())

interface Program extends AsyncDisposable {
  child: ChildProcess
  /** Waits until it has printed this; answers the first group. */
  prints(pattern: RegExp): Promise<string>
  /** Its exit code, when it has ended. */
  ended: Promise<number | null>
}

function start(name: string, ...args: string[]): Program {
  const child = spawn(process.execPath, [join(import.meta.dirname, '../../examples', name), ...args], {
    env: { PATH: process.env.PATH, POSTHOUSE_URL: bench.server.url, POSTHOUSE_KEY: bench.key },
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk))
  const ended = once(child, 'close').then(() => child.exitCode)
  return {
    ...{ child, ended },
    async prints(pattern) {
      const found = await eventually(
        async () => ({ output, found: pattern.exec(output) }),
        (looked) => looked.found !== null,
      )
      return found.found?.[1] ?? ''
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await ended
    },
  }
}

const sentFrom = async (inbox: string) =>
  (await bench.client.inboxes.messages.list(inbox, { labels: ['sent'] })).messages

test('the agent answers each mail once, in its thread, and no other machine', async () => {
  await using program = start('auto-reply.ts')
  const inbox = await program.prints(/Write to (\S+)/)
  await bench.mail({ to: inbox, subject: 'Robot', text: 'Away', headers: { 'Auto-Submitted': 'auto-replied' } })
  await bench.mail({ to: inbox, subject: 'Tea', text: 'Shall we meet at four?' })
  await program.prints(/Answered .*: (Tea)/)
  const [answer, ...more] = await sentFrom(inbox)
  expect(more).toEqual([])
  const message = await bench.client.inboxes.messages.get(inbox, answer?.messageId ?? '')
  expect(message).toMatchObject({ subject: 'Re: Tea', text: 'You wrote 5 words. I am thinking about them.' })
  const unread = () => bench.client.inboxes.messages.list(inbox, { labels: ['unread'] })
  await eventually(unread, ({ count }) => count === 0)
  program.child.kill('SIGTERM')
  expect(await program.ended).toBe(0)
  // What comes while it is away is answered when it is back.
  await bench.mail({ to: inbox, subject: 'Late', text: 'Still there?' })
  await using again = start('auto-reply.ts')
  expect(await again.prints(/Write to (\S+)/)).toBe(inbox)
  await again.prints(/Answered .*: (Late)/)
  expect(await sentFrom(inbox)).toHaveLength(2)
})

test('the code is there as soon as its mail is', async () => {
  await using program = start('wait-for-code.ts')
  const inbox = await program.prints(/mailed to (\S+)/)
  await bench.mail({ to: inbox, subject: 'Welcome', text: 'Good to have you here.' })
  await bench.mail({
    to: inbox,
    subject: 'Your code',
    text: 'Your verification code is 482193. It is good for 10 minutes.',
  })
  expect(await program.prints(/The code is (\S+)/)).toBe('482193')
  expect(await program.ended).toBe(0)
})

test.each([
  ['y', /Sent as (<.+>)/],
  ['n', /(Thrown away)/],
])('the agent cannot send; the person decides: %s', async (decision, outcome) => {
  await using program = start('approval.ts', 'ada@client.test')
  await program.prints(/tried to send it itself: (403)/)
  await program.prints(/(Send it\?)/)
  program.child.stdin?.write(`${decision}\n`)
  await program.prints(outcome)
  expect(await program.ended).toBe(0)
  const { inboxes } = await bench.client.inboxes.list()
  const inbox = inboxes.find(({ clientId }) => clientId === 'example-approval')?.inboxId ?? ''
  const sent = await sentFrom(inbox)
  expect(sent).toMatchObject([{ subject: 'Your refund', to: ['ada@client.test'], labels: ['sent'] }])
  expect((await bench.client.inboxes.drafts.list(inbox)).count).toBe(0)
})
