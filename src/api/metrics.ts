import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from '@prometheus-io/client'
import type { FetchOutcome } from '../core/imap-sources/commands.ts'
import type { Filed } from '../core/messages/file-inbound.ts'
import type { DeliveryOutcome } from '../core/outbound/store.ts'
import type { Reader, Store } from '../core/store.ts'

export interface ObservedRequest {
  dialect: string
  route: string
  method: string
  status: number
  seconds: number
}

/** What Prometheus may know of this process. */
export interface Metrics {
  observeRequest(request: ObservedRequest): void
  /** The same store, with the mail that passes through it counted. */
  countMail(store: Store): Store
  /** The exposition and its content type. */
  render(read: Reader): Promise<{ text: string; contentType: string }>
}

/** Metrics of their own, so that two servers in one process do not count together. */
export function createMetrics(): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const registers = [registry]
  const requests = new Histogram({
    name: 'posthouse_http_request_duration_seconds',
    help: 'How long requests took, by dialect, route, method and status',
    labelNames: ['dialect', 'route', 'method', 'status'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers,
  })
  const depth = new Gauge({ name: 'posthouse_delivery_queue_depth', help: 'Deliveries that wait', registers })
  return {
    observeRequest({ dialect, route, method, status, seconds }) {
      requests.observe({ dialect, route, method, status: String(status) }, seconds)
    },
    countMail: mailCounters(registers),
    async render(read) {
      depth.set(await read.outbound.depth())
      return { text: await registry.metrics(), contentType: registry.contentType }
    },
  }
}

// Counted at the store's door, where every source of mail and every node's own share passes.
function mailCounters(registers: Registry[]): Metrics['countMail'] {
  const received = new Counter({
    name: 'posthouse_messages_received_total',
    help: 'Copies of mail filed in mailboxes',
    registers,
  })
  const sent = new Counter({
    name: 'posthouse_messages_sent_total',
    help: 'Messages accepted for sending',
    registers,
  })
  const deliveries = new Counter({
    name: 'posthouse_deliveries_total',
    help: 'Delivery attempts, by what became of them',
    labelNames: ['status'],
    registers,
  })
  const fetches = new Counter({
    name: 'posthouse_imap_fetches_total',
    help: 'Fetches from IMAP sources, by what became of them: ok, or the kind of problem',
    labelNames: ['result'],
    registers,
  })
  return (store) => {
    const run: Store['run'] = async (name, input) => {
      const output = await store.run(name, input)
      count(name, input, output)
      return output as never
    }
    return {
      read: store.read,
      run,
      ping: () => store.ping(),
      joinWorkers: (whenAlone) => store.joinWorkers(whenAlone),
      [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
    }
  }

  function count(name: string, input: unknown, output: unknown): void {
    if (name === 'messages.file') received.inc((output as Filed[]).filter((f) => f.result === 'stored').length)
    if (name === 'outbound.enqueue') sent.inc()
    if (name === 'imap-sources.finish') fetches.inc({ result: (input as FetchOutcome).problem ?? 'ok' })
    if (name !== 'outbound.record') return
    for (const { status } of (input as { outcomes: DeliveryOutcome[] }).outcomes) deliveries.inc({ status })
  }
}
