import { expect, test } from 'vitest'
import { ConfigError, readConfig, settings } from './config.ts'

const problemsOf = (env: Record<string, string>): string[] => {
  try {
    readConfig(env)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
}

test('without any variable everything has its documented default', () => {
  expect(readConfig({})).toMatchObject({
    POSTHOUSE_DATA: './data',
    POSTHOUSE_HOST: '127.0.0.1',
    POSTHOUSE_HTTP_PORT: 3000,
    POSTHOUSE_SMTP_PORT: 2525,
    POSTHOUSE_SUBMISSION_PORT: 2587,
    POSTHOUSE_DOMAIN: 'posthouse.localhost',
    mailHost: 'mail.posthouse.localhost',
    POSTHOUSE_DELIVERY: { kind: 'sandbox' },
    POSTHOUSE_ROLES: ['smtp', 'submission', 'http', 'worker'],
    POSTHOUSE_ALLOW_NET: [],
    POSTHOUSE_LOG: 'info',
    unknown: [],
  })
})

test('an empty variable counts as not set', () => {
  expect(readConfig({ POSTHOUSE_HTTP_PORT: '', POSTHOUSE_DOMAIN: '' }).POSTHOUSE_HTTP_PORT).toBe(3000)
})

test('all problems are told at once', () => {
  const problems = problemsOf({
    POSTHOUSE_HTTP_PORT: '70000',
    POSTHOUSE_SMTP_PORT: '25a',
    POSTHOUSE_DOMAIN: 'not a domain',
    POSTHOUSE_LOG: 'loud',
    POSTHOUSE_TLS_CERT: '/nowhere/cert.pem',
  })
  expect(problems.map((p) => p.split(':')[0])).toEqual([
    'POSTHOUSE_HTTP_PORT',
    'POSTHOUSE_SMTP_PORT',
    'POSTHOUSE_DOMAIN',
    'POSTHOUSE_TLS_CERT',
    'POSTHOUSE_LOG',
    'POSTHOUSE_TLS_CERT, POSTHOUSE_TLS_KEY',
  ])
})

test.each([
  ['POSTHOUSE_PUBLIC_URL', 'ftp://x.test'],
  ['POSTHOUSE_PUBLIC_URL', 'https://x.test/?a=1'],
  ['POSTHOUSE_SECRET', 'too short'],
  ['POSTHOUSE_DATABASE_URL', 'mysql://x'],
  ['POSTHOUSE_DELIVERY', 'pigeon'],
  ['POSTHOUSE_BLOBS', 'gs://bucket'],
  ['POSTHOUSE_DNS', 'resolver.test:53'],
  ['POSTHOUSE_ALLOW_NET', '10.0.0.0/40'],
  ['POSTHOUSE_ROLES', 'smtp,cook'],
  ['POSTHOUSE_TLS_KEY', '/nowhere/key.pem'],
  ['POSTHOUSE_SENDS_PER_MINUTE', '-1'],
])('%s=%s is refused', (name, value) => {
  expect(problemsOf({ [name]: value }).join()).toContain(name)
})

test.each([
  ['smtp://relay.test', { host: 'relay.test', port: 25, secure: false, user: null, password: null }],
  ['smtps://me:p%40ss@relay.test', { host: 'relay.test', port: 465, secure: true, user: 'me', password: 'p@ss' }],
  ['smtp://[::1]:2525', { host: '::1', port: 2525, secure: false, user: null, password: null }],
])('the way out %s is understood', (text, expected) => {
  expect(readConfig({ POSTHOUSE_DELIVERY: text }).POSTHOUSE_DELIVERY).toEqual({ kind: 'smarthost', ...expected })
})

test('message bytes are kept in the data folder unless a bucket is named', () => {
  expect(readConfig({}).blobs).toBeUndefined()
  const env = {
    POSTHOUSE_BLOBS: 's3://mail-bytes?endpoint=http://127.0.0.1:9000',
    AWS_ACCESS_KEY_ID: 'AK',
    AWS_SECRET_ACCESS_KEY: 'secret',
  }
  expect(readConfig(env).blobs).toMatchObject({ bucket: 'mail-bytes', accessKeyId: 'AK', secretAccessKey: 'secret' })
})

test('a misspelt setting is pointed out', () => {
  expect(readConfig({ POSTHOUSE_DOMIAN: 'x.test', PATH: '/bin' }).unknown).toEqual(['POSTHOUSE_DOMIAN'])
})

test('international domain names are kept in their ASCII form', () => {
  expect(readConfig({ POSTHOUSE_DOMAIN: 'Bücher.example.' }).POSTHOUSE_DOMAIN).toBe('xn--bcher-kva.example')
})

test('every setting has a line of help', () => {
  for (const { help } of Object.values(settings)) expect(help).toMatch(/^\S.{5,}/)
})
