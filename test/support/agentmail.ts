import { type AgentMail, AgentMailClient, AgentMailError } from 'agentmail'
import type { TestApp } from './app.ts'

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
