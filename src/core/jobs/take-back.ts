import type { App } from '../app.ts'

/** At the start of a worker: what a process that died held is due at once, if it is certain that nobody else holds anything. */
export function joinWorkers(app: App): Promise<void> {
  return app.store.joinWorkers(async () => {
    await app.store.run('outbound.release-all', {})
    await app.store.run('jobs.release-all', {})
    await app.store.run('imap-sources.release', { lease: null })
  })
}
