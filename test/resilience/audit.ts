import { createHash } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { type ApiClient, apiClient } from '../support/api-client.ts'
import type { Ledger } from './ledger.ts'
import type { Target } from './load.ts'

interface Listed {
  message_id: string
  thread_id: string
  direction: string
  subject: string
  status: string | null
  to: string[]
}

/** All that the API shows of the mailboxes. */
export interface Inventory {
  boxes: Map<string, Listed[]>
  problems: string[]
  /** What the next hop said to each recipient, as far as it is on record. */
  recorded: Map<string, string[]>
}

/** Waits until no delivery waits any more, and then holds everything against the books. */
export async function auditAll(
  target: Target,
  ledger: Ledger,
  boxes: string[],
): Promise<{ inventory: Inventory; problems: string[] }> {
  await settled(target)
  const inventory = await takeInventory(target, boxes)
  const mails = await auditMails(target, ledger, inventory)
  const sends = await auditSends(target, ledger, inventory)
  return { inventory, problems: [...inventory.problems, ...mails, ...sends] }
}

async function settled({ url }: Target): Promise<void> {
  const started = Date.now()
  for (;;) {
    const metrics = await (await fetch(`${url}/metrics`)).text()
    const waiting = Number(/^posthouse_delivery_queue_depth (\d+)/m.exec(metrics)?.[1])
    if (waiting === 0 || Date.now() - started > 120_000) {
      return console.log(`deliveries at their end after ${Date.now() - started} ms; ${waiting} still wait`)
    }
    await delay(100)
  }
}

/** Reads every list to its end, and holds totals and counts against what is really there. */
export async function takeInventory(target: Target, boxes: string[]): Promise<Inventory> {
  const api = apiClient(target.url, target.apiKey)
  const problems: string[] = []
  const found = new Map<string, Listed[]>()
  for (const box of boxes) {
    const messages = await listAll<Listed>(api, `/inboxes/${box}/messages`, problems)
    const threads = await listAll<{ thread_id: string; message_count: number }>(
      api,
      `/inboxes/${box}/threads`,
      problems,
    )
    const counts = Map.groupBy(messages, (m) => m.thread_id)
    for (const { thread_id, message_count } of threads) {
      const real = counts.get(thread_id)?.length ?? 0
      if (real !== message_count) problems.push(`${box}: thread ${thread_id} says ${message_count}, has ${real}`)
      counts.delete(thread_id)
    }
    if (counts.size > 0) problems.push(`${box}: ${counts.size} threads of messages are not listed`)
    found.set(box, messages)
  }
  return { boxes: found, problems, recorded: new Map() }
}

export async function listAll<T>(api: ApiClient, path: string, problems: string[]): Promise<T[]> {
  const all: T[] = []
  let total = 0
  for (let page = 1; ; page++) {
    const { body } = await api.get(`${path}?page_size=100&page=${page}`)
    all.push(...body.data)
    total = body.total
    if (body.data.length < 100) break
  }
  if (all.length !== total) problems.push(`${path}: total ${total}, listed ${all.length}`)
  return all
}

/** Every mail that was answered 250 is there once with its bytes; what nobody knows of is there at most once. */
async function auditMails(target: Target, ledger: Ledger, inventory: Inventory): Promise<string[]> {
  const api = apiClient(target.url, target.apiKey)
  const problems: string[] = []
  const bySubject = new Map([...inventory.boxes].map(([box, items]) => [box, Map.groupBy(items, (m) => m.subject)]))
  await eachOf([...ledger.mails.values()], async (mail) => {
    for (const box of mail.to) {
      const copies = bySubject.get(box)?.get(mail.subject) ?? []
      if (copies.length > 1) problems.push(`${mail.subject} is in ${box} ${copies.length} times`)
      if (copies.length === 0 && mail.fate === 'acknowledged') problems.push(`${mail.subject} is lost from ${box}`)
      const [copy] = copies
      if (!copy) continue
      const raw = await api.bytes(`/inboxes/${box}/messages/${copy.message_id}/eml`)
      if (createHash('sha256').update(raw).digest('hex') !== mail.sha256) problems.push(`${mail.subject}: other bytes`)
    }
  })
  return problems
}

/** Every send that was answered 2xx is there once, with a delivery for each recipient that came to its end. */
async function auditSends(target: Target, ledger: Ledger, inventory: Inventory): Promise<string[]> {
  const api = apiClient(target.url, target.apiKey)
  const problems: string[] = []
  await eachOf([...ledger.sends.values()], async (send) => {
    const all =
      inventory.boxes.get(send.from)?.filter((m) => m.subject === send.subject && m.direction === 'outbound') ?? []
    if (all.length > 1) problems.push(`${send.subject} was taken ${all.length} times`)
    const [item] = all
    if (!item) {
      if (send.fate === 'acknowledged') problems.push(`${send.subject} is lost`)
      return
    }
    const { body } = await api.get(`/inboxes/${send.from}/messages/${item.message_id}/deliveries?page_size=100`)
    const got: { recipient: string; status: string; attempts: { text: string }[] }[] = body.data
    if (got.map((d) => d.recipient).join() !== send.to.join()) problems.push(`${send.subject}: other recipients`)
    for (const { recipient, status, attempts } of got) {
      const texts = attempts.map((a) => a.text)
      inventory.recorded.set(recipient, texts)
      const local = inventory.boxes.get(recipient)
      const copies = local?.filter((m) => m.subject === send.subject && m.direction === 'inbound').length
      if (local && copies !== 1) problems.push(`${send.subject} is in ${recipient} ${copies} times`)
      if (!(local ? ['delivered'] : ['sent', 'captured']).includes(status))
        problems.push(`${send.subject} to ${recipient}: ${status}`)
    }
  })
  return problems
}

async function eachOf<T>(items: T[], visit: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values()
  const worker = async () => {
    for (const item of queue) await visit(item)
  }
  await Promise.all(Array.from({ length: 16 }, worker))
}
