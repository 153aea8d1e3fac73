import { join } from 'node:path'
import { createMetrics, type Metrics } from './api/metrics.ts'
import { HttpServer } from './api/server.ts'
import type { Config, Role } from './config.ts'
import { openFirstOrganization } from './core/accounts/organizations.ts'
import type { App } from './core/app.ts'
import { ImapWorker } from './core/imap-sources/worker.ts'
import { joinWorkers } from './core/jobs/take-back.ts'
import { JobWorker } from './core/jobs/worker.ts'
import { DeliveryWorker } from './core/outbound/worker.ts'
import { StatisticsWorker } from './core/statistics/worker.ts'
import { WebhookWorker } from './core/webhooks/worker.ts'
import { openApp } from './open-app.ts'
import { type Certificate, ensureCertificate } from './transport/smtp-server/self-signed.ts'
import { SmtpServer } from './transport/smtp-server/smtp-server.ts'
import { submission } from './transport/smtp-server/submission/submission.ts'

/** A running server and where it listens. Disposing drains it: listeners close, what is under way finishes or is given back. */
export interface RunningServer extends AsyncDisposable {
  app: App
  /** Only of the roles that this process has. */
  httpPort: number | null
  smtpPort: number | null
  submissionPort: number | null
  /** The key made at the very first start, to be shown once. */
  firstKey: string | null
}

/** Starts everything that the configuration asks of this process. */
export async function startServer(config: Config): Promise<RunningServer> {
  await using started = new AsyncDisposableStack()
  const { app } = started.use(await openApp(config))
  const metrics = createMetrics()
  app.store = metrics.countMail(app.store)
  const has = (role: Role) => config.POSTHOUSE_ROLES.includes(role)
  const parts = started.use(new Together())
  if (has('worker')) {
    await joinWorkers(app)
    parts.use(new JobWorker(app))
    parts.use(new DeliveryWorker(app))
    parts.use(new WebhookWorker(app))
    parts.use(new StatisticsWorker(app))
    parts.use(new ImapWorker(app))
  }
  const smtpPort = has('smtp') ? await listenSmtp(app, config, parts) : null
  const submissionPort = has('submission') ? await listenSubmission(app, config, parts) : null
  const httpPort = has('http') ? await listenHttp(app, config, metrics, parts) : null
  // Last, so that a start which fails on a port does not make a key that nobody sees.
  const { key: firstKey } = await openFirstOrganization(app)
  const closing = started.move()
  return { app, httpPort, smtpPort, submissionPort, firstKey, [Symbol.asyncDispose]: () => closing.disposeAsync() }
}

async function listenSmtp(app: App, config: Config, parts: Together): Promise<number> {
  const spoolFolder = join(config.POSTHOUSE_DATA, 'spool')
  const server = parts.use(new SmtpServer(app, { tls: await certificateOf(config), spoolFolder }))
  return server.listen(config.POSTHOUSE_HOST, config.POSTHOUSE_SMTP_PORT)
}

async function listenSubmission(app: App, config: Config, parts: Together): Promise<number> {
  const options = { tls: await certificateOf(config), spoolFolder: join(config.POSTHOUSE_DATA, 'spool-submission') }
  const server = parts.use(new SmtpServer(app, { ...options, service: submission() }))
  app.settings.submissionPort = await server.listen(config.POSTHOUSE_HOST, config.POSTHOUSE_SUBMISSION_PORT)
  return app.settings.submissionPort
}

async function certificateOf(config: Config): Promise<Certificate> {
  const { POSTHOUSE_TLS_CERT: cert, POSTHOUSE_TLS_KEY: key } = config
  return cert && key ? { cert, key } : ensureCertificate(config.POSTHOUSE_DATA, config.mailHost)
}

async function listenHttp(app: App, config: Config, metrics: Metrics, parts: Together): Promise<number> {
  const server = parts.use(new HttpServer(app, { metrics }))
  const port = await server.listen(config.POSTHOUSE_HOST, config.POSTHOUSE_HTTP_PORT)
  // Port 0 is only known now, and the URLs that we hand out must be right from the first request on.
  app.settings.publicUrl = config.POSTHOUSE_PUBLIC_URL ?? `http://localhost:${port}`
  return port
}

/** What closes at the same time: each may take the better part of the time that a shutdown has. */
class Together implements AsyncDisposable {
  readonly #all: AsyncDisposable[] = []

  use<T extends AsyncDisposable>(one: T): T {
    this.#all.push(one)
    return one
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#all.map((one) => one[Symbol.asyncDispose]()))
  }
}
