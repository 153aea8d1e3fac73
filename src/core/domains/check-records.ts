import { DnsError, isVoid } from '../../protocol/dns/resolver.ts'
import type { App } from '../app.ts'
import type { DnsRecord } from './dns-records.ts'
import { judgeCname, judgeMx, judgeTxt, missing } from './judge-record.ts'
import type { RecordState } from './model.ts'

/** For all questions together: whoever asked is waiting. */
const CHECK_MS = 9_000

/** What the DNS shows now, by key of the record. What it gives no answer for in time is left out. */
export async function checkRecords(app: App, records: readonly DnsRecord[]): Promise<Record<string, RecordState>> {
  const { clock } = app
  let cancel = () => {}
  const late = new Promise<undefined>(
    (resolve) => (cancel = clock.at(clock.now() + CHECK_MS, () => resolve(undefined))),
  )
  try {
    const asked = records.map(async (record) => [record.key, await Promise.race([look(app, record), late])] as const)
    const answers = await Promise.all(asked)
    return Object.fromEntries(answers.flatMap(([key, state]) => (state ? [[key, state]] : [])))
  } finally {
    cancel()
  }
}

async function look({ freshResolver: dns }: App, record: DnsRecord): Promise<RecordState | undefined> {
  try {
    if (record.type === 'MX') return judgeMx(await dns.mx(record.name), record.value)
    if (record.type === 'CNAME') return judgeCname(await dns.cname(record.name), record.value)
    const texts = await dns.txt(record.name)
    return judgeTxt(
      record,
      texts.map((strings) => strings.join('')),
    )
  } catch (error) {
    if (isVoid(error)) return missing
    if (error instanceof DnsError) return undefined
    throw error
  }
}
