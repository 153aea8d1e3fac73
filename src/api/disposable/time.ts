import { z } from 'zod'

export const Time = z.iso.datetime()

export function printTime(epochMs: number): string {
  return new Date(epochMs).toISOString()
}

export function printTimeOrNull(epochMs: number | null): string | null {
  return epochMs === null ? null : printTime(epochMs)
}
