import { fork } from 'node:child_process'
import { once } from 'node:events'
import type { MailForm } from './mails.ts'
import { cpuSeconds } from './process-figures.ts'
import { quantile } from './statistics.ts'

export interface LoadOrder {
  /** 127.0.0.1 when absent. */
  host?: string | undefined
  port: number
  connections: number
  seconds: number
  /** All connections together; as fast as they are taken when absent. */
  perSecond?: number
  forms: MailForm[]
  recipients: string[]
}

export interface LoadResult {
  latenciesMs: number[]
  seconds: number
  cpuSeconds: number
}

export interface LoadFigures {
  /** How many were taken. */
  mails: number
  perSecond: number
  p50: number
  p99: number
  /** Of the server for each mail, all its threads and children; null when nobody asked. */
  serverCpuUs: number | null
}

/** Loads a server from another process and measures what it used meanwhile. */
export async function load(order: LoadOrder, serverPids: () => number[]): Promise<LoadFigures> {
  const pids = serverPids()
  const child = fork(new URL('./load-process.ts', import.meta.url), { serialization: 'advanced' })
  const before = cpuSeconds(pids)
  child.send(order)
  const ended = once(child, 'exit').then(() => [undefined])
  const [result] = (await Promise.race([once(child, 'message'), ended])) as [LoadResult | undefined]
  if (!result) throw new Error('The load generator failed')
  const mails = result.latenciesMs.length
  // Those that ended meanwhile are not counted: a server that starts processes as it goes is counted too low.
  const used = cpuSeconds(serverPids()) - before
  return {
    mails,
    perSecond: mails / result.seconds,
    p50: quantile(result.latenciesMs, 0.5),
    p99: quantile(result.latenciesMs, 0.99),
    serverCpuUs: (used / mails) * 1e6,
  }
}
