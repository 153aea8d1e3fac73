import { readFileSync } from 'node:fs'
import ipaddr from 'ipaddr.js'
import { z } from 'zod'
import { toAsciiDomain } from './core/mailboxes/local-part.ts'
import { readDeliveryRoute } from './core/outbound/route-text.ts'
import { readS3Place, type S3Place } from './s3-place.ts'

export const roles = ['smtp', 'submission', 'http', 'worker'] as const
export type Role = (typeof roles)[number]

/** One setting: how its text is read, what holds without it, and its line of help. `secret` ones are never printed. */
interface Setting<T> {
  help: string
  /** How the default reads in the help. */
  default: string
  secret?: true
  /** Undefined text means the variable is not set. Throws `Error` with what is wrong. */
  read(text: string | undefined): T
}

/** Large mailboxes and lists that seal what they forward, and say truly what they found. */
const TRUSTED_SEALERS =
  'google.com,microsoft.com,messagingengine.com,yahoo.com,zohomail.com,groups.io,ietf.org,kernel.org,debian.org'

const setting = <T>(s: Setting<T>): Setting<T> => s

/** Every setting by the name of its environment variable: the one table behind the start, the help and the settings page. */
export const settings = {
  POSTHOUSE_DATA: setting({ help: 'Data folder', default: './data', read: (t) => t ?? './data' }),
  POSTHOUSE_HOST: setting({
    help: 'Address that every listener binds to',
    default: '127.0.0.1',
    read: (t) => t ?? '127.0.0.1',
  }),
  POSTHOUSE_HTTP_PORT: setting({ help: 'HTTP port; 0 is any free one', default: '3000', read: port(3000) }),
  POSTHOUSE_SMTP_PORT: setting({
    help: 'SMTP port for mail that comes in; 0 is any free one',
    default: '2525',
    read: port(2525),
  }),
  POSTHOUSE_SUBMISSION_PORT: setting({
    help: 'SMTP port for mail clients that send; 0 is any free one',
    default: '2587',
    read: port(2587),
  }),
  POSTHOUSE_PUBLIC_URL: setting({
    help: 'Base of every URL that is handed out',
    default: 'http://localhost:<http port>',
    read: (t) => (t === undefined ? undefined : httpUrl(t)),
  }),
  POSTHOUSE_DOMAIN: setting({
    help: 'The platform mail domain',
    default: 'posthouse.localhost',
    read: (t) => domain(t ?? 'posthouse.localhost'),
  }),
  POSTHOUSE_MAIL_HOST: setting({
    help: 'Name in the SMTP banner, EHLO and MX records',
    default: 'mail.<domain>',
    read: (t) => (t === undefined ? undefined : domain(t)),
  }),
  POSTHOUSE_ROOT_KEY: setting({
    help: 'This text is accepted as an admin API key of the default organization',
    default: 'none',
    secret: true,
    read: rootKey,
  }),
  POSTHOUSE_SECRET: setting({
    help: 'Master secret; all other keys are derived from it',
    default: 'generated into the data folder',
    secret: true,
    read: masterSecret,
  }),
  POSTHOUSE_DATABASE_URL: setting({
    help: 'PostgreSQL instead of SQLite',
    default: 'none',
    secret: true,
    read: databaseUrl,
  }),
  POSTHOUSE_BLOBS: setting({
    help: 'Where message bytes are kept: s3://bucket?endpoint=…&region=…&prefix=…',
    default: 'the data folder',
    secret: true,
    read: (t) => t,
  }),
  AWS_REGION: setting({ help: 'Region of the bucket when its URL names none', default: 'none', read: (t) => t }),
  AWS_ACCESS_KEY_ID: setting({
    help: 'Access key when the URL of the bucket has none',
    default: 'that of the machine',
    secret: true,
    read: (t) => t,
  }),
  AWS_SECRET_ACCESS_KEY: setting({
    help: 'Secret of AWS_ACCESS_KEY_ID',
    default: 'that of the machine',
    secret: true,
    read: (t) => t,
  }),
  AWS_SESSION_TOKEN: setting({
    help: 'Token of temporary access keys',
    default: 'none',
    secret: true,
    read: (t) => t,
  }),
  POSTHOUSE_DELIVERY: setting({
    help: 'Way out for mail: sandbox, direct, smtp://…, smtps://…, resend:KEY, ses:REGION?access_key_id=…&secret_access_key=…',
    default: 'sandbox',
    secret: true,
    read: (t) => readDeliveryRoute(t ?? 'sandbox'),
  }),
  POSTHOUSE_DIRECT_PER_MINUTE: setting({
    help: 'Messages a minute from this process to one domain by route direct; 0 is no limit',
    default: '600',
    read: integer(600, 0, 1_000_000),
  }),
  POSTHOUSE_DNS: setting({
    help: 'Resolvers, host:port, separated by commas',
    default: 'those of the system',
    read: resolvers,
  }),
  POSTHOUSE_ALLOW_NET: setting({
    help: 'CIDRs that outgoing requests may reach although they are private',
    default: 'none',
    read: cidrs,
  }),
  POSTHOUSE_IMAP_PORTS: setting({
    help: 'Ports of the IMAP servers that mail is fetched from, separated by commas',
    default: '143,993',
    read: portList,
  }),
  POSTHOUSE_IMAP_CLEARTEXT: setting({
    help: 'Fetch from IMAP servers that offer no TLS: true or false',
    default: 'false',
    read: flag,
  }),
  POSTHOUSE_ROLES: setting({ help: `What this process does: ${roles.join(',')}`, default: 'all', read: roleList }),
  POSTHOUSE_TLS_CERT: setting({
    help: 'PEM file with the certificate chain',
    default: 'self-signed for STARTTLS',
    read: pemFile,
  }),
  POSTHOUSE_TLS_KEY: setting({
    help: 'PEM file with the private key',
    default: 'self-signed for STARTTLS',
    read: pemFile,
  }),
  POSTHOUSE_LOG: setting({
    help: 'Log level: trace, debug, info, warn, error, silent',
    default: 'info',
    read: logLevel,
  }),
  POSTHOUSE_MAX_MESSAGE_BYTES: setting({
    help: 'Largest message taken, in bytes, and the most that an inbox may be set to',
    default: '52428800, and 26214400 where an inbox is not set to more',
    read: optionalInteger(1_000, 100_000_000),
  }),
  POSTHOUSE_TRUSTED_SEALERS: setting({
    help: 'Domains, separated by commas, whose ARC seals are believed: forwarders and lists that check what they pass on',
    default: TRUSTED_SEALERS,
    read: sealers,
  }),
  POSTHOUSE_SENDS_PER_MINUTE: setting({
    help: 'Messages a minute from one mailbox; 0 is no limit',
    default: '60',
    read: integer(60, 0, 1_000_000),
  }),
  POSTHOUSE_THREAD_SENDS_PER_HOUR: setting({
    help: 'Messages an hour in one thread; 0 is no limit',
    default: '50',
    read: integer(50, 0, 1_000_000),
  }),
  POSTHOUSE_HOOK_KEYS: setting({
    help: 'Keys that hook addresses were made with; one more makes the new ones, and the old ones go on working',
    default: '1',
    read: integer(1, 1, 100),
  }),
  POSTHOUSE_INGEST_SECRET: setting({
    help: 'Signs mail that is pushed to /ingest/v1/raw; without it none is taken there',
    default: 'none',
    secret: true,
    read: (t) => t,
  }),
  POSTHOUSE_DISPOSABLE_TTL_HOURS: setting({
    help: 'Hours that an inbox made over /v1 lives; 0 is for ever',
    default: '168',
    read: integer(168, 0, 1_000_000),
  }),
  POSTHOUSE_ORG_SENDS_PER_MINUTE: setting({
    help: 'Messages a minute from all mailboxes of an organization; 0 is no limit',
    default: '0',
    read: integer(0, 0, 1_000_000),
  }),
  POSTHOUSE_SIGN_UP: setting({
    help: 'Agents may make organizations of their own over /v0/agent/sign-up: true or false',
    default: 'false',
    read: flag,
  }),
  STRIPE_KEY: setting({
    help: 'Turns on the commercial mode of the team dialect',
    default: 'none',
    secret: true,
    read: (t) => t,
  }),
  STRIPE_WEBHOOK_SECRET: setting({
    help: 'Verifies webhooks from Stripe',
    default: 'none',
    secret: true,
    read: (t) => t,
  }),
  STRIPE_PRICE_ID: setting({ help: 'The price that the commercial mode sells', default: 'none', read: (t) => t }),
}

type Table = typeof settings
export type SettingName = keyof Table
type Values = { [K in SettingName]: Table[K] extends Setting<infer T> ? T : never }

/** The configuration of this process, with everything worked out that depends on other settings except the ports really bound. */
export interface Config extends Values {
  mailHost: string
  /** The bucket for message bytes; the data folder when undefined. */
  blobs: S3Place | undefined
  /** Variables with our prefix that mean nothing here: most likely misspelt. */
  unknown: string[]
}

/** All that is wrong with the environment, to be shown at once. */
export class ConfigError extends Error {
  override name = 'ConfigError'
  readonly problems: string[]
  constructor(problems: string[]) {
    super(problems.join('\n'))
    this.problems = problems
  }
}

/** Reads every setting; throws `ConfigError` with all problems together. An empty variable counts as not set. */
export function readConfig(env: Record<string, string | undefined>): Config {
  const problems: string[] = []
  const values: Record<string, unknown> = {}
  for (const [name, { read }] of Object.entries(settings)) {
    try {
      values[name] = read(env[name] === '' ? undefined : env[name])
    } catch (error) {
      problems.push(`${name}: ${(error as Error).message}`)
    }
  }
  if (Boolean(env.POSTHOUSE_TLS_CERT) !== Boolean(env.POSTHOUSE_TLS_KEY)) {
    problems.push('POSTHOUSE_TLS_CERT, POSTHOUSE_TLS_KEY: set both or none')
  }
  const read = values as unknown as Values
  const blobs = readBlobs(read, problems)
  if (problems.length > 0) throw new ConfigError(problems)
  const unknown = Object.keys(env).filter((name) => name.startsWith('POSTHOUSE_') && !(name in settings))
  return { ...read, mailHost: read.POSTHOUSE_MAIL_HOST ?? `mail.${read.POSTHOUSE_DOMAIN}`, blobs, unknown }
}

function readBlobs(read: Values, problems: string[]): S3Place | undefined {
  if (read.POSTHOUSE_BLOBS === undefined) return undefined
  try {
    return readS3Place(read.POSTHOUSE_BLOBS, read)
  } catch (error) {
    problems.push(`POSTHOUSE_BLOBS: ${(error as Error).message}`)
    return undefined
  }
}

function port(fallback: number) {
  return integer(fallback, 0, 65_535)
}

function integer(fallback: number, min: number, max: number) {
  return (text: string | undefined): number => {
    if (text === undefined) return fallback
    const value = Number(text)
    if (!/^\d+$/.test(text) || value < min || value > max)
      throw new Error(`must be a whole number from ${min} to ${max}`)
    return value
  }
}

function optionalInteger(min: number, max: number) {
  return (text: string | undefined): number | undefined => {
    return text === undefined ? undefined : integer(min, min, max)(text)
  }
}

function portList(text: string | undefined): number[] {
  return list(text ?? '143,993').map(integer(0, 1, 65_535))
}

function flag(text: string | undefined): boolean {
  if (text !== undefined && text !== 'true' && text !== 'false') throw new Error('must be true or false')
  return text === 'true'
}

function httpUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || !/^https?:$/.test(url.protocol) || url.search || url.hash || url.username) {
    throw new Error('must be an http or https URL without user, query and fragment')
  }
  return url.href.replace(/\/+$/, '')
}

function domain(text: string): string {
  const ascii = toAsciiDomain(text)
  if (!ascii) throw new Error('must be a domain name')
  return ascii
}

// It travels in an Authorization header, where a blank would end it.
function rootKey(text: string | undefined): string | undefined {
  if (text !== undefined && !/^[\x21-\x7e]{1,256}$/.test(text))
    throw new Error('must be printable ASCII without blanks')
  return text
}

function masterSecret(text: string | undefined): string | undefined {
  if (text !== undefined && text.length < 32) throw new Error('must have at least 32 characters')
  return text
}

function databaseUrl(text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  if (!URL.canParse(text) || !/^postgres(ql)?:$/.test(new URL(text).protocol))
    throw new Error('must be a postgres:// URL')
  return text
}

function resolvers(text: string | undefined): string[] | undefined {
  if (text === undefined) return undefined
  return list(text).map((entry) => {
    const match = /^(\[[0-9a-fA-F:]+\]|[0-9.]+|[0-9a-fA-F:]*:[0-9a-fA-F:]*)(?::(\d{1,5}))?$/.exec(entry)
    if (!match || Number(match[2] ?? 53) > 65_535) throw new Error(`"${entry}" is not an address with a port`)
    return entry
  })
}

function sealers(text: string | undefined): ReadonlySet<string> {
  return new Set(list(text ?? TRUSTED_SEALERS).map(domain))
}

function cidrs(text: string | undefined): string[] {
  return list(text).map((entry) => {
    if (!ipaddr.isValidCIDR(entry)) throw new Error(`"${entry}" is not a CIDR such as 10.0.0.0/8`)
    return entry
  })
}

function roleList(text: string | undefined): Role[] {
  if (text === undefined) return [...roles]
  const parsed = z.array(z.enum(roles)).min(1).safeParse(list(text))
  if (!parsed.success) throw new Error(`must be some of ${roles.join(', ')}`)
  return [...new Set(parsed.data)]
}

function pemFile(text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  try {
    return readFileSync(text, 'utf8')
  } catch (error) {
    throw new Error(`cannot read ${text}: ${(error as NodeJS.ErrnoException).code}`)
  }
}

function logLevel(text: string | undefined): string {
  const parsed = z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).safeParse(text ?? 'info')
  if (!parsed.success) throw new Error('must be trace, debug, info, warn, error, fatal or silent')
  return parsed.data
}

function list(text: string | undefined): string[] {
  return (text ?? '')
    .split(',')
    .map((entry) => entry.trim())
    .filter(Boolean)
}
