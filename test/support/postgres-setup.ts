import { once } from 'node:events'
import { createServer } from 'node:http'
import type { TestProject } from 'vitest/node'
import { type PostgresServer, startPostgres } from './postgres-server.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Answers the URL of this run's PostgreSQL, which the first question starts: most runs need none. */
    postgresGate: string
  }
}

/** Before all test files: opens the gate. After them: stops the server, if there is one. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  let started: Promise<PostgresServer> | undefined
  const gate = createServer((_request, response) => {
    started ??= startPostgres()
    started.then(
      ({ url }) => response.end(url),
      (error: unknown) => response.writeHead(500).end(String(error)),
    )
  })
  gate.listen(0, '127.0.0.1')
  await once(gate, 'listening')
  const address = gate.address()
  if (typeof address !== 'object' || !address) throw new Error('The gate has no port')
  project.provide('postgresGate', `http://127.0.0.1:${address.port}/`)
  return async () => {
    gate.close()
    gate.closeAllConnections()
    await (await started?.catch(() => undefined))?.stop()
  }
}
