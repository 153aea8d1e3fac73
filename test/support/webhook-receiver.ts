import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'

export interface Received {
  path: string
  method: string
  headers: IncomingHttpHeaders
  body: string
  /** What is asked for at the same moment, this one included. */
  concurrent: number
}

export interface ReceiverAnswer {
  status: number
  headers?: Record<string, string>
  body?: string
}

type Answering = (request: Received) => ReceiverAnswer | Promise<ReceiverAnswer>

/** A real HTTP server on loopback that keeps what is posted to it. */
export interface Receiver extends AsyncDisposable {
  url: string
  requests: Received[]
  /** How requests are answered from now on; 204 at first. */
  answer: Answering
  /** The most that were under way at one time. */
  peak: number
  /** Resolves when this many requests have arrived. */
  arrived(count: number): Promise<void>
}

export async function startReceiver(answer: Answering = () => ({ status: 204 })): Promise<Receiver> {
  const waiting = new Set<{ count: number; resolve: () => void }>()
  let concurrent = 0
  const server = createServer(async (request, response) => {
    concurrent++
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const { url: path = '', method = '', headers } = request
    const received: Received = { path, method, headers, body: Buffer.concat(chunks).toString(), concurrent }
    receiver.requests.push(received)
    receiver.peak = Math.max(receiver.peak, concurrent)
    for (const one of waiting) if (receiver.requests.length >= one.count) one.resolve()
    const told = await receiver.answer(received)
    concurrent--
    response.writeHead(told.status, told.headers).end(told.body)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const receiver: Receiver = {
    url: `http://127.0.0.1:${port}/hook`,
    requests: [],
    answer,
    peak: 0,
    arrived: (count) =>
      new Promise((resolve) => {
        if (receiver.requests.length >= count) resolve()
        else waiting.add({ count, resolve })
      }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
    },
  }
  return receiver
}

/** A promise to be kept by hand. */
export function gate(): { opened: Promise<void>; open: () => void } {
  let open = () => {}
  const opened = new Promise<void>((resolve) => (open = resolve))
  return { opened, open }
}
