import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import type { Target } from './load.ts'
import { SmtpWire } from './smtp-wire.ts'

/** How long a normal client waits meanwhile. Milliseconds, the slowest. */
export interface Probed {
  mailMs: number
  listMs: number
  /** Most bytes that the process held. */
  residentBytes: number
  rounds: number
}

/** A normal client beside the others: mails and lists, again and again, until it is disposed of. */
export function probe(target: Target & { pid: number }, box: string): AsyncDisposable & { soFar: Probed } {
  const soFar: Probed = { mailMs: 0, listMs: 0, residentBytes: 0, rounds: 0 }
  let stopped = false
  const run = async () => {
    const wire = await SmtpWire.open(target.smtpPort)
    while (!stopped) {
      soFar.mailMs = Math.max(soFar.mailMs, await timed(() => mail(wire, box)))
      soFar.listMs = Math.max(soFar.listMs, await timed(() => list(target, box)))
      soFar.residentBytes = Math.max(soFar.residentBytes, residentBytes(target.pid))
      soFar.rounds++
      await delay(50)
    }
    wire.close()
  }
  const running = run()
  return {
    soFar,
    async [Symbol.asyncDispose]() {
      stopped = true
      await running
    },
  }
}

/** A connection of its own, from greeting to 250. */
export async function mailOnce(target: Target, box: string): Promise<void> {
  const wire = await SmtpWire.open(target.smtpPort)
  await mail(wire, box)
  wire.close()
}

async function mail(wire: SmtpWire, box: string): Promise<void> {
  const { code, text } = await wire.send('a@load.test', [box], Buffer.from('Subject: probe\r\n\r\nHello\r\n'))
  if (code !== 250) throw new Error(`The probe was refused: ${text}`)
}

export async function list({ url, apiKey }: Target, box: string): Promise<void> {
  const answer = await fetch(`${url}/api/v0/inboxes/${box}/messages`, {
    headers: { authorization: `Bearer ${apiKey}` },
  })
  if (answer.status !== 200) throw new Error(`The list was refused: ${answer.status}`)
  await answer.arrayBuffer()
}

export async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now()
  await work()
  return Math.round(performance.now() - started)
}

/** Linux only; 0 elsewhere. */
export function residentBytes(pid: number): number {
  try {
    return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024
  } catch {
    return 0
  }
}
