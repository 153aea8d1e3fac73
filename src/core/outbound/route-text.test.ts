import { expect, test } from 'vitest'
import { describeRoute, readDeliveryRoute } from './route-text.ts'

test.each([
  ['sandbox', { kind: 'sandbox' }],
  ['direct', { kind: 'direct' }],
  ['resend:re_123', { kind: 'resend', key: 're_123', endpoint: 'https://api.resend.com' }],
  ['resend:re_123?endpoint=http://127.0.0.1:9/x/', { kind: 'resend', key: 're_123', endpoint: 'http://127.0.0.1:9/x' }],
  [
    'ses:eu-west-1?access_key_id=AK&secret_access_key=a/b+c%3D=',
    { kind: 'ses', region: 'eu-west-1', accessKeyId: 'AK', secretAccessKey: 'a/b+c==', endpoint: null },
  ],
  [
    'ses:eu-west-1?endpoint=https://ses.test',
    { kind: 'ses', region: 'eu-west-1', accessKeyId: null, secretAccessKey: null, endpoint: 'https://ses.test' },
  ],
])('%s is understood', (text, expected) => {
  expect(readDeliveryRoute(text)).toEqual(expected)
})

test.each([
  'pigeon',
  'smtp:',
  'smtp://re_secret%00:x@relay.test',
  'smtp://me:re_secret%00@relay.test',
  'http://relay.test',
  'resend:',
  'resend:re_secret?endpont=x',
  'resend:re_secret?endpoint=ftp://x',
  'ses:',
  'ses:EU?access_key_id=AK',
  'ses:eu-west-1?access_key_id=AK',
  'ses:eu-west-1?access_key_id=AK&secret_access_key=secret%zz',
])('%s is refused, its secrets untold', (text) => {
  expect(() => readDeliveryRoute(text)).toThrow(/^(?!.*secret%|.*re_secret).+$/)
})

test.each([
  ['direct', 'direct'],
  ['resend:re_secret', 'resend'],
  ['ses:eu-west-1?access_key_id=AK&secret_access_key=secret', 'ses:eu-west-1'],
  ['smtp://relay.test', 'smtp://relay.test:25'],
  ['smtps://m%40e:secret@[::1]', 'smtps://m%40e@[::1]:465'],
])('%s is shown without its secrets', (text, shown) => {
  expect(describeRoute(readDeliveryRoute(text))).toBe(shown)
})
