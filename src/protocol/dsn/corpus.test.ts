import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readReport } from './read-report.ts'
import type { Report } from './report.ts'

const CORPUS = join(import.meta.dirname, '../../../../shared/corpora/bounces')

interface Expected {
  address: string | null
  status: string
  hard: boolean
  pseudo_status?: boolean
  reason: string
  replycode: string
}
interface Case {
  file: string
  kind: string
  has_report: boolean
  recipients: Expected[]
}

interface Score {
  recipients: number
  hard: number
  class: number
  status: number
  statuses: number
  kind: number
  hasReport: number
  cases: number
  total: number
  falselyHard: number
}

function score(cases: readonly Case[]): Score {
  const s: Score = {
    recipients: 0,
    hard: 0,
    class: 0,
    status: 0,
    statuses: 0,
    kind: 0,
    hasReport: 0,
    cases: cases.length,
    total: 0,
    falselyHard: 0,
  }
  for (const c of cases) {
    const report = readReport(readFileSync(join(CORPUS, c.file)))
    if (report && (report.kind === c.kind || (report.kind === 'delayed' && c.kind === 'bounce'))) s.kind++
    if (report?.hasReport === c.has_report) s.hasReport++
    for (const expected of c.recipients) count(s, c, expected, report)
  }
  return s
}

function count(s: Score, c: Case, expected: Expected, report: Report | null): void {
  s.total++
  if (expected.status && !expected.pseudo_status) s.statuses++
  const wanted = expected.address?.toLowerCase() ?? null
  const found = report?.recipients.find((r) => (r.address?.toLowerCase() ?? null) === wanted)
  const problem = (text: string) => process.env.DSN_DETAILS && console.log(`${c.file} ${wanted}: ${text}`)
  if (!found) {
    problem(`not found, but ${report?.kind} ${report?.recipients.map((r) => r.address).join(' ')}`)
    return
  }
  s.recipients++
  if (found.hard === expected.hard) s.hard++
  else problem(`hard ${found.hard} (${found.reason}), corpus ${expected.hard} (${expected.reason}) ${found.status}`)
  if (found.hard && !expected.hard) s.falselyHard++
  if ((found.status?.[0] ?? '') === (expected.status[0] ?? '')) s.class++
  else problem(`class ${found.status}, corpus ${expected.status}`)
  if (!expected.status || expected.pseudo_status) return
  if (found.status === expected.status) s.status++
  else problem(`status ${found.status}, corpus ${expected.status}`)
}

describe('the bounce corpus', () => {
  it('is read no worse than it was', () => {
    const cases = JSON.parse(readFileSync(join(CORPUS, 'cases.json'), 'utf8')) as Case[]
    const s = score(cases)
    console.log('bounces', s)
    expect(s.recipients).toBeGreaterThanOrEqual(286)
    expect(s.hard).toBeGreaterThanOrEqual(285)
    expect(s.class).toBeGreaterThanOrEqual(281)
    expect(s.status).toBeGreaterThanOrEqual(214)
    expect(s.kind).toBeGreaterThanOrEqual(271)
    expect(s.hasReport).toBeGreaterThanOrEqual(271)
    // The one mistake with a price: an address we would stop writing to although it works.
    expect(s.falselyHard).toBe(0)
  })
})
