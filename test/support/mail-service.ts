import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface ServiceRequest {
  method: string
  target: string
  headers: IncomingHttpHeaders
  body: Buffer
}

/** A JSON body with its status; or `cut`: the connection ends without an answer. */
export type ServiceAnswer = { status: number; json: unknown; headers?: Record<string, string> } | 'cut'

/** A stand-in for a service with an HTTP API. */
export interface MailService extends AsyncDisposable {
  endpoint: string
  seen: ServiceRequest[]
}

export async function startMailService(answer: (request: ServiceRequest) => ServiceAnswer): Promise<MailService> {
  const seen: ServiceRequest[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const { method = '', url = '', headers } = request
    const whole = { method, target: url, headers, body: Buffer.concat(chunks) }
    seen.push(whole)
    const said = answer(whole)
    if (said === 'cut') return void request.socket.destroy()
    response.writeHead(said.status, { 'content-type': 'application/json', ...said.headers })
    response.end(JSON.stringify(said.json))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
