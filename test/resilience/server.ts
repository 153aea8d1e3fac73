import { expect } from 'vitest'
import { apiClient } from '../support/api-client.ts'
import { type ServerProcess, startServerProcess } from '../support/server-process.ts'
import type { Target } from './load.ts'

export const ROOT_KEY = 'inai_the_key_of_this_test'
export const BOXES = ['ann', 'bob', 'cy', 'dee'].map((name) => `${name}@posthouse.localhost`)

export type TestServer = ServerProcess & Target

/** The real program, with a key that is known and no limit on sending. */
export async function startServer(
  folder: string,
  env: Record<string, string> = {},
  under: string[] = [],
): Promise<TestServer> {
  const settings = { POSTHOUSE_ROOT_KEY: ROOT_KEY, POSTHOUSE_SENDS_PER_MINUTE: '0', ...env }
  return { ...(await startServerProcess(folder, settings, under)), apiKey: ROOT_KEY }
}

export async function makeInboxes({ url, apiKey }: Target): Promise<void> {
  const api = apiClient(url, apiKey)
  for (const box of BOXES) expect((await api.post('/inboxes', { username: box.split('@')[0] })).status).toBe(201)
}
