import type { App } from '../app.ts'

/** Threads that ended at rest start while the mail is still on its way. Only for a mail that is to be taken: anybody can connect. */
export function expectMail(app: App): void {
  app.parser.expect?.()
  app.blobs.expect?.()
}
