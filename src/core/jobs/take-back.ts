import type { App } from '../app.ts'
import { Failure } from '../errors.ts'

/** At the start of a worker: what a process that died held is due at once, if it is certain that nobody else holds anything. */
export function joinWorkers(app: App): Promise<void> {
  return app.store.joinWorkers(async () => {
    try {
      await app.store.run('outbound.release-all', {})
      await app.store.run('jobs.release-all', {})
      await app.store.run('imap-sources.release', { lease: null })
    } catch (error) {
      // On a full disk mail can still be read. The leases end by themselves.
      if (!(error instanceof Failure) || error.code !== 'unavailable') throw error
      app.log.warn({ err: error }, 'what a dead process held is not given back yet')
    }
  })
}
