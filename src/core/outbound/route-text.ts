import type { DeliveryRoute } from './route.ts'

const FORMS =
  'must be sandbox, direct, smtp://host, smtps://host, resend:KEY or ses:REGION?access_key_id=…&secret_access_key=…'
const RESEND = 'https://api.resend.com'

/** Reads the way out for mail; throws `Error` with what is wrong, and never with the secrets in it. */
export function readDeliveryRoute(text: string): DeliveryRoute {
  if (text === 'sandbox' || text === 'direct') return { kind: text }
  const [, scheme, rest = ''] = /^([a-z]+):(.*)$/s.exec(text) ?? []
  if (scheme === 'smtp' || scheme === 'smtps') return smarthost(text)
  if (scheme === 'resend') return resend(rest)
  if (scheme === 'ses') return ses(rest)
  throw new Error(FORMS)
}

/** The way out in words for a person, its secrets left out. */
export function describeRoute(route: DeliveryRoute): string {
  if (route.kind === 'ses') return `ses:${route.region}`
  if (route.kind !== 'smarthost') return route.kind
  const host = route.host.includes(':') ? `[${route.host}]` : route.host
  const user = route.user === null ? '' : `${encodeURIComponent(route.user)}@`
  return `${route.secure ? 'smtps' : 'smtp'}://${user}${host}:${route.port}`
}

function smarthost(text: string): DeliveryRoute {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url?.hostname) throw new Error(FORMS)
  const secure = url.protocol === 'smtps:'
  return {
    kind: 'smarthost',
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port ? Number(url.port) : secure ? 465 : 25,
    secure,
    user: url.username ? decodeLogin(url.username, 'user') : null,
    password: url.password ? decodeLogin(url.password, 'password') : null,
  }
}

function resend(text: string): DeliveryRoute {
  const { head: key, query } = split(text, ['endpoint'])
  if (!/^[\x21-\x7e]+$/.test(key)) throw new Error('must be resend:KEY')
  return { kind: 'resend', key, endpoint: readEndpoint(query.endpoint) ?? RESEND }
}

function ses(text: string): DeliveryRoute {
  const { head: region, query } = split(text, ['access_key_id', 'secret_access_key', 'endpoint'])
  const { access_key_id: accessKeyId = null, secret_access_key: secretAccessKey = null } = query
  if (!/^[a-z]{2}[a-z0-9-]+$/.test(region)) throw new Error('must be ses:REGION?access_key_id=…&secret_access_key=…')
  if ((accessKeyId === null) !== (secretAccessKey === null))
    throw new Error('access_key_id and secret_access_key: give both or none')
  return { kind: 'ses', region, accessKeyId, secretAccessKey, endpoint: readEndpoint(query.endpoint) }
}

// Not as a form is read: there a plus is a space, and secrets have many.
function split(text: string, names: readonly string[]): { head: string; query: Record<string, string | undefined> } {
  const [head = '', ...rest] = text.split('?')
  const query: Record<string, string> = {}
  for (const pair of rest.join('?').split('&').filter(Boolean)) {
    const [name = '', ...value] = pair.split('=')
    if (!names.includes(name)) throw new Error(`"${name}" is none of ${names.join(', ')}`)
    query[name] = decode(value.join('='), name)
  }
  return { head, query }
}

function decode(value: string, name: string): string {
  try {
    return decodeURIComponent(value)
  } catch {
    throw new Error(`${name} has a percent sign that is not encoded`)
  }
}

// Between user and password, a NUL is what divides them (RFC 4616 §2).
function decodeLogin(value: string, name: string): string {
  const text = decode(value, name)
  if (text.includes('\0')) throw new Error(`${name} has a NUL`)
  return text
}

function readEndpoint(text: string | undefined): string | null {
  if (text === undefined) return null
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || !/^https?:$/.test(url.protocol) || url.search || url.hash || url.username) {
    throw new Error('endpoint must be an http or https URL without user, query and fragment')
  }
  return url.href.replace(/\/+$/, '')
}
