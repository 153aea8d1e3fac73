import { randomInt } from 'node:crypto'
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../support/server-process.ts'
import { auditAll } from './audit.ts'
import { startEmptyDns } from './empty-dns.ts'
import { Ledger } from './ledger.ts'
import { loadOf } from './load.ts'
import { BOXES, makeInboxes, startServer } from './server.ts'
import { findStrace, NO_STRACE } from './strace.ts'

/** How many different calls of each kind fail: all of the first hundred in the long run, a sample in the normal one. */
const SAMPLE = Number(process.env.POSTHOUSE_SYSCALLS ?? 2)
const KINDS = [
  { call: 'fsync', error: 'EIO' },
  { call: 'pwrite64', error: 'EIO' },
  { call: 'pwrite64', error: 'ENOSPC' },
  { call: 'rename', error: 'EIO' },
  // From the n-th on the disk is dead.
  { call: 'fsync', error: 'EIO', on: '+' },
]

test('whichever call to the disk fails, the answer is an error or the thing is there', async (context) => {
  const strace = findStrace()
  if (!strace) return context.skip(NO_STRACE)
  await using dns = await startEmptyDns()
  const env = { POSTHOUSE_DNS: dns.address, POSTHOUSE_LOG: 'silent' }
  using template = temporaryFolder()
  {
    await using server = await startServer(template.path, env)
    await makeInboxes(server)
    await server.stop('SIGTERM')
  }
  for (const { call, error, on = '' } of KINDS) {
    for (const n of sample(call === 'rename' ? 5 : 100)) {
      const figures = await runWithFault(template.path, env, [
        ...strace,
        '-o',
        '/dev/null',
        '-e',
        `trace=${call}`,
        '-e',
        `inject=${call}:error=${error}:when=${n}${on}`,
      ])
      console.log(`${call} ${n}${on} ${error}: ${figures}`)
    }
  }
}, 3_600_000)

async function runWithFault(template: string, env: Record<string, string>, under: string[]): Promise<string> {
  using folder = temporaryFolder()
  const data = join(folder.path, 'data')
  cpSync(template, data, { recursive: true })
  const ledger = new Ledger(BOXES, { localSends: false })
  const started = await startServer(data, env, under).catch(() => undefined)
  if (started) {
    await using server = started
    await using _load = loadOf(server, ledger, 2)
    await delay(1_200)
  }
  await using server = await startServer(data, env)
  const { problems } = await auditAll(server, ledger, BOXES)
  expect(problems, under.join(' ')).toEqual([])
  const refusals = [...ledger.refusals].map(([answer, times]) => `${times} × ${answer.slice(0, 24)}`).join(', ')
  return `${started ? '' : 'did not start; '}${ledger.count(ledger.mails, 'acknowledged')} mails and ${ledger.count(ledger.sends, 'acknowledged')} sends are there; ${refusals}`
}

function sample(upTo: number): number[] {
  if (SAMPLE >= upTo) return Array.from({ length: upTo }, (_, i) => i + 1)
  return Array.from({ length: SAMPLE }, () => randomInt(1, upTo))
}
