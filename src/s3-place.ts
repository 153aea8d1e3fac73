/** A bucket and how to reach it, as POSTHOUSE_BLOBS names it. */
export interface S3Place {
  bucket: string
  region: string
  /** AWS itself when undefined. */
  endpoint: string | undefined
  /** Before every key: empty, or with a slash at its end. */
  prefix: string
  /** Both or none; with none the machine's own are looked for, which only AWS has. */
  accessKeyId: string | undefined
  secretAccessKey: string | undefined
  sessionToken: string | undefined
}

/** The variables that every AWS client knows; what the URL says comes first. */
export interface AwsEnvironment {
  AWS_REGION: string | undefined
  AWS_ACCESS_KEY_ID: string | undefined
  AWS_SECRET_ACCESS_KEY: string | undefined
  AWS_SESSION_TOKEN: string | undefined
}

const parameters = ['endpoint', 'region', 'prefix', 'access_key_id', 'secret_access_key', 'session_token'] as const
type Parameter = (typeof parameters)[number]
type Parameters = Partial<Record<Parameter, string>>

const FORM = 's3://bucket?endpoint=…&region=…'
const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/
const PREFIX = /^[A-Za-z0-9][A-Za-z0-9._-]*(\/[A-Za-z0-9][A-Za-z0-9._-]*)*$/
/** What stores that have no regions are content with. */
const ANY_REGION = 'us-east-1'

/** Reads `s3://bucket?…`; throws `Error` with what is wrong. */
export function readS3Place(text: string, env: AwsEnvironment): S3Place {
  const match = /^s3:\/\/([^/?#@:]+)\/?(?:\?([^#]*))?$/.exec(text)
  if (!match) throw new Error(`must be ${FORM}, without user, path and fragment`)
  const [, bucket = '', query = ''] = match
  if (!BUCKET.test(bucket)) throw new Error('the name of the bucket must be 3 to 63 of a-z, 0-9, dot and hyphen')
  const given = readQuery(query)
  const endpoint = given.endpoint === undefined ? undefined : readEndpoint(given.endpoint)
  const region = given.region ?? env.AWS_REGION ?? (endpoint === undefined ? undefined : ANY_REGION)
  if (region === undefined) throw new Error('name a region: in the URL or as AWS_REGION')
  return { bucket, region, endpoint, prefix: readPrefix(given.prefix), ...readCredentials(given, endpoint, env) }
}

// Not as a form is read: there a plus is a space, and secrets have many.
function readQuery(query: string): Parameters {
  const given: Parameters = {}
  for (const pair of query.split('&').filter(Boolean)) {
    const [name = '', ...rest] = pair.split('=')
    const parameter = parameters.find((known) => known === name)
    if (!parameter) throw new Error(`"${name}" is none of ${parameters.join(', ')}`)
    if (given[parameter] !== undefined) throw new Error(`${name} is there twice`)
    const value = decode(rest.join('='), name)
    if (value !== '') given[parameter] = value
  }
  return given
}

function decode(value: string, name: string): string {
  try {
    return decodeURIComponent(value)
  } catch {
    throw new Error(`${name} has a percent sign that is not encoded`)
  }
}

function readEndpoint(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || !/^https?:$/.test(url.protocol) || url.search || url.hash || url.username) {
    throw new Error('endpoint must be an http or https URL without user, query and fragment')
  }
  return url.href.replace(/\/+$/, '')
}

function readPrefix(text: string | undefined): string {
  const trimmed = (text ?? '').replace(/^\/|\/$/g, '')
  if (trimmed === '') return ''
  if (!PREFIX.test(trimmed)) throw new Error('prefix must be words of A-Z, a-z, 0-9, dot, hyphen and underscore')
  return `${trimmed}/`
}

function readCredentials(given: Parameters, endpoint: string | undefined, env: AwsEnvironment) {
  const { access_key_id, secret_access_key, session_token } = given
  if (Boolean(access_key_id) !== Boolean(secret_access_key)) {
    throw new Error('access_key_id and secret_access_key: give both or none')
  }
  const own = { accessKeyId: access_key_id, secretAccessKey: secret_access_key, sessionToken: session_token }
  if (access_key_id) return own
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = env
  if (AWS_ACCESS_KEY_ID && AWS_SECRET_ACCESS_KEY) {
    const [accessKeyId, secretAccessKey] = [AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY]
    return { accessKeyId, secretAccessKey, sessionToken: AWS_SESSION_TOKEN }
  }
  if (endpoint !== undefined)
    throw new Error('needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the two in the URL')
  return own
}
