import type { App } from '../core/app.ts'
import { Failure } from '../core/errors.ts'

/** So often a silent stream says something: less than what proxies take for dead. */
const HEARTBEAT_MS = 15_000
/** How long a client waits before it comes back. */
const RETRY_MS = 2_000

/** One event of a stream (HTML, "Server-sent events"). */
export interface ServerSentEvent {
  /** What the client says when it comes back. */
  id: string
  /** Its type; `message` when absent. */
  event?: string
  data: string
}

/** Where a client that comes back had got to; null for one that begins. */
export function lastEventId(request: Request): string | null {
  return request.headers.get('last-event-id') || null
}

/**
 * Answers events as they come, as `text/event-stream`. `open` begins to listen, and may refuse; its signal is aborted when the client
 * has gone. The next event is taken when the client has read the one before, so a slow client holds nothing here but its place.
 */
export async function eventStream(
  app: App,
  request: Request,
  open: (signal: AbortSignal) => Promise<AsyncIterable<ServerSentEvent>>,
): Promise<Response> {
  const gone = new AbortController()
  const signal = AbortSignal.any([gone.signal, request.signal])
  const chunks = toChunks(app, await open(signal), signal)
  const encoder = new TextEncoder()
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { value, done } = await chunks.next()
        if (done) controller.close()
        else controller.enqueue(encoder.encode(value))
      },
      cancel: () => gone.abort(),
    },
    { highWaterMark: 0 },
  )
  // The second is for proxies that gather answers.
  return new Response(body, { headers: { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' } })
}

async function* toChunks(
  app: App,
  events: AsyncIterable<ServerSentEvent>,
  signal: AbortSignal,
): AsyncGenerator<string, void> {
  yield `retry: ${RETRY_MS}\n\n`
  const iterator = events[Symbol.asyncIterator]()
  try {
    for (let next = iterator.next(); ; ) {
      const result = await beforeHeartbeat(app, next)
      if (result === 'silence') yield ':\n\n'
      else if (result.done) return
      else {
        yield toText(result.value)
        next = iterator.next()
      }
    }
  } catch (error) {
    // The stream ends; the client comes back and says where it had got to.
    if (!signal.aborted && !(error instanceof Failure)) app.log.error({ err: error }, 'an event stream failed')
  }
}

async function beforeHeartbeat<T>(app: App, next: Promise<T>): Promise<T | 'silence'> {
  let cancel = () => {}
  const silence = new Promise<'silence'>((resolve) => {
    cancel = app.clock.at(app.clock.now() + HEARTBEAT_MS, () => resolve('silence'))
  })
  try {
    return await Promise.race([next, silence])
  } finally {
    cancel()
  }
}

function toText({ id, event, data }: ServerSentEvent): string {
  const name = event === undefined ? '' : `event: ${event}\n`
  const lines = data.split(/\r\n|\r|\n/).map((line) => `data: ${line}\n`)
  return `id: ${id}\n${name}${lines.join('')}\n`
}
