import { flushCompileCache } from 'node:module'
import type { Config } from '../config.ts'
import { tidyAtRest } from '../core/at-rest.ts'
import { describeRoute } from '../core/outbound/route-text.ts'
import { type RunningServer, startServer } from '../server.ts'
import { shrinkConnections } from '../storage/sqlite.ts'

/** The time a shutdown may take; after it the process ends whatever is left. What was acknowledged is on disk by then anyway. */
const SHUTDOWN_MS = 9_000

/** Runs the server until SIGTERM or SIGINT. */
export async function serve(config: Config): Promise<void> {
  const asked = untilAskedToStop()
  const server = await startServer(config)
  using _tidied = tidyAtRest(shrinkConnections)
  for (const name of config.unknown) console.error(`Warning: ${name} is no setting of Posthouse`)
  console.log(greeting(config, server))
  // Also for the next start after this process was killed.
  flushCompileCache()
  await asked
  const late = setTimeout(() => process.exit(1), SHUTDOWN_MS)
  await server[Symbol.asyncDispose]()
  clearTimeout(late)
}

function untilAskedToStop(): Promise<void> {
  return new Promise((resolve) => {
    let asked = false
    const stop = () => {
      if (asked) process.exit(1)
      asked = true
      console.error('Stopping: what is under way is finished first. Once more to end at once.')
      resolve()
    }
    process.on('SIGTERM', stop)
    process.on('SIGINT', stop)
  })
}

function greeting(config: Config, { httpPort, smtpPort, submissionPort, firstKey, app }: RunningServer): string {
  const host = config.POSTHOUSE_HOST.includes(':') ? `[${config.POSTHOUSE_HOST}]` : config.POSTHOUSE_HOST
  const url = app.settings.publicUrl
  const key = firstKey ?? '<API key>'
  return [
    'Posthouse is ready.',
    ...(httpPort === null ? [] : [`  HTTP     http://${host}:${httpPort}   (docs: ${url}/docs)`]),
    ...(smtpPort === null ? [] : [`  SMTP     ${host}:${smtpPort}`]),
    ...(submissionPort === null ? [] : [`  Sending  ${host}:${submissionPort}   (SMTP with STARTTLS and a password)`]),
    `  Domain   ${config.POSTHOUSE_DOMAIN}`,
    `  Delivery ${deliveryText(config)}`,
    `  Data     ${config.POSTHOUSE_DATA}`,
    ...(firstKey === null ? [] : ['', `  API key  ${firstKey}`, '           Keep it: it is shown this once.']),
    ...(httpPort === null || smtpPort === null
      ? []
      : tryIt({ url, key, domain: config.POSTHOUSE_DOMAIN, host, smtpPort })),
    '',
  ].join('\n')
}

function deliveryText({ POSTHOUSE_DELIVERY: route }: Config): string {
  if (route.kind === 'sandbox') return 'sandbox: mail to the outside world is captured and never leaves this machine'
  return describeRoute(route)
}

function tryIt(t: { url: string; key: string; domain: string; host: string; smtpPort: number }): string[] {
  return [
    '',
    'Make an inbox, then mail it:',
    `  curl -H 'Authorization: Bearer ${t.key}' -H 'Content-Type: application/json' -d '{"username":"hello"}' ${t.url}/api/v0/inboxes`,
    `  printf 'Subject: Hi\\n\\nHello there\\n' | curl smtp://${t.host}:${t.smtpPort} --mail-from you@example.com --mail-rcpt hello@${t.domain} -T -`,
  ]
}
