import { expect, test } from 'vitest'
import { type ServiceAnswer, startMailService } from '../../../test/support/mail-service.ts'
import { S3Error, verifySignature } from '../../../test/support/sigv4.ts'
import { SesSender } from './ses-sender.ts'

const secrets = { AKIATEST: 'a secret/with+signs=' }
const raw = Buffer.from('From: us@us.test\r\nTo: others@else.test\r\nSubject: x\r\n\r\ngr\xfc\xdfe\r\n', 'latin1')

/** As the service does: the signature, the shape, one answer. */
function service(told: () => ServiceAnswer | undefined = () => undefined) {
  return startMailService(({ method, target, headers, body }) => {
    const refuse = (status: number, type: string) => ({
      status,
      json: { message: `${type} it is` },
      headers: { 'x-amzn-errortype': type },
    })
    const lists = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value ?? ''].flat()]))
    // Services other than S3 need not be told the hash of the body in a field of its own.
    lists['x-amz-content-sha256'] ??= ['UNSIGNED-PAYLOAD']
    try {
      verifySignature(
        { method, target, headers: lists, body },
        { secrets, region: 'eu-west-1', service: 'ses', now: Date.now() },
      )
    } catch (error) {
      if (error instanceof S3Error) return refuse(403, error.code)
      throw error
    }
    if (method !== 'POST' || target !== '/v2/email/outbound-emails') return refuse(404, 'NotFoundException')
    const { Destination, Content } = JSON.parse(body.toString())
    if (!Content?.Raw?.Data || !(Destination?.ToAddresses?.length <= 50)) return refuse(400, 'BadRequestException')
    return told() ?? { status: 200, json: { MessageId: 'ses-1' } }
  })
}

const route = (endpoint: string, secretAccessKey = secrets.AKIATEST) =>
  ({ kind: 'ses', region: 'eu-west-1', accessKeyId: 'AKIATEST', secretAccessKey, endpoint }) as const

test('a mail is handed over byte for byte, to the recipients of its envelope', async () => {
  await using ses = await service()
  const recipients = Array.from({ length: 60 }, (_, i) => `r${i}@one.test`)
  const replies = await new SesSender().send(route(ses.endpoint), { mailFrom: 'us@us.test', recipients, raw })
  const { host } = new URL(ses.endpoint)
  expect(replies).toEqual(
    recipients.map((recipient) => ({
      recipient,
      ...{ result: 'sent', text: 'Taken by SES as ses-1', host, replyCode: null, enhancedCode: null },
    })),
  )
  const sent = ses.seen.map(({ body }) => JSON.parse(body.toString()))
  expect(sent.flatMap((call) => call.Destination.ToAddresses)).toEqual(recipients)
  expect(sent.map((call) => Buffer.from(call.Content.Raw.Data, 'base64').equals(raw))).toEqual([true, true])
})

const error = (status: number, type: string, more: Record<string, string> = {}): ServiceAnswer => ({
  status,
  json: { message: 'so it is' },
  headers: { 'x-amzn-errortype': type, ...more },
})

test.each<[ServiceAnswer, object]>([
  [error(400, 'MessageRejected'), { result: 'permanent', text: 'HTTP 400 MessageRejected: so it is' }],
  [error(400, 'MailFromDomainNotVerifiedException'), { result: 'permanent' }],
  [error(400, 'SendingPausedException'), { result: 'temporary' }],
  [error(429, 'TooManyRequestsException', { 'retry-after': '9' }), { result: 'temporary', retryAfterSeconds: 9 }],
  [error(500, 'InternalFailure'), { result: 'temporary' }],
  [error(503, 'ServiceUnavailable'), { result: 'temporary' }],
  ['cut', { result: 'temporary' }],
])('the answer %j', async (said, expected) => {
  await using ses = await service(() => said)
  const [reply] = await new SesSender().send(route(ses.endpoint), { mailFrom: '', recipients: ['a@b.test'], raw })
  expect(reply).toMatchObject(expected)
  expect(ses.seen).toHaveLength(1)
})

test('a wrong secret keeps the mail waiting', async () => {
  await using ses = await service()
  const [reply] = await new SesSender().send(route(ses.endpoint, 'other'), {
    mailFrom: '',
    recipients: ['a@b.test'],
    raw,
  })
  expect(reply).toMatchObject({
    result: 'temporary',
    text: 'HTTP 403 SignatureDoesNotMatch: SignatureDoesNotMatch it is',
  })
})
