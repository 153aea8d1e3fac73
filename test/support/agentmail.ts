import { type AgentMail, AgentMailClient, AgentMailError } from 'agentmail'
import { createTransport, type SendMailOptions } from 'nodemailer'
import type { TestApp } from './app.ts'
import { type ServerProcess, startServerProcess, temporaryFolder } from './server-process.ts'

/** The official client at a running server, and the outside world that writes to it. */
export interface AgentMailBench extends AsyncDisposable {
  server: ServerProcess
  client: AgentMailClient
  key: string
  /** A mail comes in over SMTP; it is kept when this resolves. */
  mail(message: SendMailOptions): Promise<void>
  /** The JSON under the client's objects. */
  raw(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<RawAnswer>
}

interface RawAnswer {
  status: number
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  body: any
}

export async function startAgentMailBench(env: Record<string, string> = {}): Promise<AgentMailBench> {
  const folder = temporaryFolder()
  const server = await startServerProcess(folder.path, env)
  const key = server.apiKey ?? ''
  const port = { host: '127.0.0.1', port: server.smtpPort, secure: false, tls: { rejectUnauthorized: false } }
  return {
    ...{ server, key, client: new AgentMailClient({ apiKey: key, baseUrl: server.url }) },
    async mail(message) {
      await createTransport(port).sendMail({ from: 'Ada Lovelace <ada@client.test>', ...message })
    },
    async raw(method, path, body, headers = {}) {
      const type = body === undefined ? {} : { 'content-type': 'application/json' }
      const response = await fetch(server.url + path, {
        method,
        headers: { authorization: `Bearer ${key}`, ...type, ...headers },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      const text = await response.text()
      return { status: response.status, body: text === '' ? null : JSON.parse(text) }
    },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]()
      folder[Symbol.dispose]()
    },
  }
}

/** The official client, speaking to the product in this process; content with its first answer, whatever that is. */
export function agentmail(t: TestApp, apiKey: string = t.key): AgentMailClient {
  const ask: typeof fetch = (input, init) => t.handler(new Request(input, init))
  return new AgentMailClient({ apiKey, baseUrl: 'http://posthouse.test', fetch: ask, maxRetries: 0 })
}

/** What the official client was refused with. */
export async function refusalOf(answer: Promise<unknown>): Promise<{ status: number | undefined; code: string }> {
  const error = await answer.then(
    () => undefined,
    (e: unknown) => e,
  )
  if (!(error instanceof AgentMailError)) throw new Error(`This was not refused: ${error}`)
  return { status: error.statusCode, code: (error.body as { code: string }).code }
}

/** A new key, which the client's type says might be a public one. */
export async function bearer(made: Promise<AgentMail.CreateApiKeyResult>): Promise<AgentMail.CreateApiKeyResponse> {
  const key = await made
  if (!('apiKey' in key)) throw new Error('This is no bearer key')
  return key
}
