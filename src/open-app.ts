import { webhookRenderers } from './api/webhook-renderers.ts'
import type { Config } from './config.ts'
import { keyUsesOf } from './core/accounts/key-uses.ts'
import { hashKey } from './core/accounts/keys.ts'
import type { App, Settings } from './core/app.ts'
import { systemClock } from './core/clock.ts'
import { ensureDkimKeys } from './core/domains/dkim-keys/rotate.ts'
import { EventFeed } from './core/events/feed.ts'
import { unheardAnswersOf } from './core/outbound/unheard-answers.ts'
import { secretsFrom } from './core/secrets.ts'
import { WaitingRoom } from './core/waiting/waiting-room.ts'
import { ensureDataFolder } from './data-folder.ts'
import { openLog } from './log.ts'
import { openBlobs, openSearch, openStore, secretOf } from './open-stores.ts'
import { refuseOtherSecret } from './refuse-other-secret.ts'
import { AnySender } from './transport/any-sender.ts'
import { DnsResolver } from './transport/dns/dns-resolver.ts'
import { CleanerPool } from './transport/html/cleaner-pool.ts'
import { ImapflowClient } from './transport/imap/imapflow-client.ts'
import { openRoad } from './transport/mx/open-road.ts'
import { GuardedFileFetcher } from './transport/net/file-fetcher.ts'
import { GuardedFetch } from './transport/net/guarded-fetch.ts'
import { ParserPool } from './transport/parser/parser-pool.ts'
import { SmarthostSender } from './transport/smtp-client/smarthost-sender.ts'
import { HttpWebhookSender } from './transport/webhook-sender.ts'

const LOOPBACK = ['127.0.0.0/8', '::1/128']

/** The core with all its adapters open; disposing closes them. */
export interface OpenApp extends AsyncDisposable {
  app: App
}

/** Where the operator says nothing: only an inbox that is set to it takes more than the usual. */
const MAX_MESSAGE_BYTES = 50 * 1024 * 1024
const USUAL_MESSAGE_BYTES = 25 * 1024 * 1024

/**
 * Opens everything that the commands and the server share. Listeners and workers come on top of it. Whoever makes new keys because the
 * secret is lost may come with `anySecret`.
 */
export async function openApp(config: Config, { anySecret = false } = {}): Promise<OpenApp> {
  const folder = config.POSTHOUSE_DATA
  ensureDataFolder(folder)
  const log = await openLog(config.POSTHOUSE_LOG)
  const clock = systemClock
  await using opened = new AsyncDisposableStack()
  const store = opened.use(await openStore(config, clock))
  const blobs = opened.use(await openBlobs(config, clock))
  const search = opened.use(await openSearch(config, store, log))
  const parser = opened.use(new ParserPool({ log }))
  const htmlCleaner = opened.use(new CleanerPool({ log }))
  const resolver = new DnsResolver({ clock, servers: config.POSTHOUSE_DNS })
  const freshResolver = new DnsResolver({ clock, servers: config.POSTHOUSE_DNS, keep: false })
  const { mailHost, POSTHOUSE_ALLOW_NET: allowNet, POSTHOUSE_DIRECT_PER_MINUTE: perMinute } = config
  const web = opened.use(new GuardedFetch({ resolver, allowNet }))
  const direct = opened.use(openRoad({ clock, log, resolver, mailHost, allowNet, web, perMinute }))
  const smarthost = opened.use(
    new SmarthostSender({ clock, log, helo: mailHost, trustedNets: [...LOOPBACK, ...allowNet] }),
  )
  const webhookSender = opened.use(new HttpWebhookSender({ resolver, allowNet }))
  const feed = opened.use(new EventFeed({ clock, log, store }))
  const settings = settingsOf(config)
  const app: App = {
    clock,
    log,
    settings,
    secrets: secretsFrom(secretOf(config)),
    store,
    blobs,
    search,
    parser,
    htmlCleaner,
    resolver,
    freshResolver,
    files: new GuardedFileFetcher({ resolver, allowNet }),
    sender: new AnySender({ direct, smarthost }),
    keyUses: keyUsesOf(clock, store),
    unheardAnswers: unheardAnswersOf(clock, store),
    feed,
    waitingRoom: new WaitingRoom({ feed, store }),
    webhooks: { sender: webhookSender, renderers: webhookRenderers },
    imap: new ImapflowClient({
      resolver,
      allowNet,
      ports: config.POSTHOUSE_IMAP_PORTS,
      cleartext: config.POSTHOUSE_IMAP_CLEARTEXT,
      maxMessageBytes: settings.maxMessageBytes,
    }),
  }
  if (!anySecret) await refuseOtherSecret(app, config)
  await ensureDkimKeys(app, await store.run('domains.ensure-platform', { name: config.POSTHOUSE_DOMAIN }))
  await store.run('accounts.ensure-first-organization', {})
  const closing = opened.move()
  return { app, [Symbol.asyncDispose]: () => closing.disposeAsync() }
}

function settingsOf(config: Config): Settings {
  return {
    mailDomain: config.POSTHOUSE_DOMAIN,
    mailHost: config.mailHost,
    submissionPort: config.POSTHOUSE_SUBMISSION_PORT,
    publicUrl: config.POSTHOUSE_PUBLIC_URL ?? `http://localhost:${config.POSTHOUSE_HTTP_PORT}`,
    route: config.POSTHOUSE_DELIVERY,
    rootKeyHash: config.POSTHOUSE_ROOT_KEY === undefined ? null : hashKey(config.POSTHOUSE_ROOT_KEY),
    maxMessageBytes: config.POSTHOUSE_MAX_MESSAGE_BYTES ?? MAX_MESSAGE_BYTES,
    usualMessageBytes: config.POSTHOUSE_MAX_MESSAGE_BYTES ?? USUAL_MESSAGE_BYTES,
    trustedSealers: config.POSTHOUSE_TRUSTED_SEALERS,
    sendsPerMinute: config.POSTHOUSE_SENDS_PER_MINUTE,
    orgSendsPerMinute: config.POSTHOUSE_ORG_SENDS_PER_MINUTE,
    threadSendsPerHour: config.POSTHOUSE_THREAD_SENDS_PER_HOUR,
    hookKeys: config.POSTHOUSE_HOOK_KEYS,
    ingestSecret: config.POSTHOUSE_INGEST_SECRET ?? null,
    disposableHours: config.POSTHOUSE_DISPOSABLE_TTL_HOURS,
    sendWaitMs: 2_000,
    signUp: config.POSTHOUSE_SIGN_UP,
  }
}
