import { type DestinationStream, pino } from 'pino'
import pretty from 'pino-pretty'
import type { Log } from './core/log.ts'

/** JSON lines on standard error, or coloured ones for a person at a terminal. Keys and bodies never get this far; these names are the last net. */
export function openLog(level: string): Log {
  const redact = ['*.authorization', '*.password', '*.secret', '*.key', 'authorization', 'password', 'secret']
  const stream: DestinationStream = process.stderr.isTTY
    ? pretty({ destination: 2, sync: true, colorize: true, ignore: 'pid,hostname' })
    : pino.destination({ dest: 2, sync: true })
  return pino({ level, redact, base: null, timestamp: pino.stdTimeFunctions.isoTime }, stream)
}
