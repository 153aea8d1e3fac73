import { type DestinationStream, pino } from 'pino'
import type { Log } from './core/log.ts'

/** JSON lines on standard error, or coloured ones for a person at a terminal. Keys and bodies never get this far; these names are the last net. */
export async function openLog(level: string): Promise<Log> {
  const redact = ['*.authorization', '*.password', '*.secret', '*.key', 'authorization', 'password', 'secret']
  const options = { level, redact, base: null, timestamp: pino.stdTimeFunctions.isoTime }
  const stream = process.stderr.isTTY ? await prettyStream() : pino.destination({ dest: 2, sync: true })
  const log: Log = pino(options, stream)
  return log
}

async function prettyStream() {
  const { default: pretty } = await import('pino-pretty')
  const stream: DestinationStream = pretty({ destination: 2, sync: true, colorize: true, ignore: 'pid,hostname' })
  return stream
}
