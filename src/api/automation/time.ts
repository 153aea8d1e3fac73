import { z } from 'zod'

/** `2026-02-20T10:30:00.000Z` */
export const Time = z.iso.datetime({ precision: 3 })

export function printTime(at: number): string {
  return new Date(at).toISOString()
}

export function printTimeOrNull(at: number | null): string | null {
  return at === null ? null : printTime(at)
}
