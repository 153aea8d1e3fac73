import { createTransport } from 'nodemailer'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from '../support/api-client.ts'
import { type Call, caller, type Face, facesOf } from '../support/faces.ts'
import { type ServerProcess, startServerProcess, temporaryFolder } from '../support/server-process.ts'

const folder = temporaryFolder()
let server: ServerProcess
let call: Call
let faces: Record<string, Face>

beforeAll(async () => {
  server = await startServerProcess(folder.path)
  const reach = { url: server.url, key: server.apiKey ?? '' }
  call = caller(reach)
  faces = Object.fromEntries(facesOf(reach).map((face) => [face.name, face]))
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  folder[Symbol.dispose]()
})

const names = ['agents', 'official', 'automation', 'disposable'] as const
type Name = (typeof names)[number]
const face = (name: Name): Face => {
  const found = faces[name]
  if (!found) throw new Error(`No face ${name}`)
  return found
}
/** What each of the faces answers. */
const ask = async <T>(question: (face: Face) => Promise<T>): Promise<Record<string, T>> =>
  Object.fromEntries(await Promise.all(names.map(async (name) => [name, await question(face(name))])))
const fromAll = <T>(answer: T) => Object.fromEntries(names.map((name) => [name, answer]))

/** Bytes that no reading as text leaves as they are. */
const picture = Buffer.from([...Array(256).keys(), 13, 10, 10, 13, 0, 255])

let serial = 0
async function mail(to: string, fields: { inReplyTo?: string; text?: string } = {}): Promise<string> {
  const messageId = `<one-core-${++serial}@client.test>`
  await createTransport({ host: '127.0.0.1', port: server.smtpPort, tls: { rejectUnauthorized: false } }).sendMail({
    ...{ from: 'Zoë <zoe@client.test>', to, messageId, subject: `Grüße ${serial}`, text: 'At four?', ...fields },
    attachments: [{ filename: 'Bücher.bin', content: picture, contentType: 'application/octet-stream' }],
  })
  return messageId
}

const message = (messageId: string) => ({
  messageId,
  from: 'Zoë <zoe@client.test>',
  subject: expect.stringMatching(/^Grüße \d+$/),
  text: expect.stringMatching(/^At four\?\s*$/),
  receivedAt: expect.any(String),
  files: [{ name: 'Bücher.bin', contentType: 'application/octet-stream', bytes: picture.toString('latin1') }],
})

describe.each(names)('an inbox made in the dialect %s', (maker) => {
  test('is there in all of them, with the same mail and the same bytes', async () => {
    const address = await face(maker).makeInbox()
    expect(await ask((face) => face.hasInbox(address))).toEqual(fromAll(true))
    const ids = [await mail(address), await mail(address)]
    const told = await ask((face) => face.read(address))
    expect(told).toEqual(fromAll(ids.map(message)))
    // To the millisecond and the last byte.
    expect(told).toEqual(fromAll(told[maker]))
    const raw = await ask((face) => face.raw(address, ids[1] ?? ''))
    expect(raw).toEqual(fromAll(raw[maker]))
    expect(raw[maker]).toContain(picture.toString('base64').slice(0, 60))
  })

  test('loses a message in all of them when any deletes it', async () => {
    const address = await face(maker).makeInbox()
    const ids: string[] = []
    for (const _ of names) ids.push(await mail(address))
    for (const name of names) {
      await face(name).deleteMessage(address, ids.shift() ?? '')
      expect(await ask((face) => face.read(address))).toEqual(fromAll(ids.map(message)))
    }
  })

  test.each(names)('is gone from all of them, and from SMTP, when %s deletes it', async (remover) => {
    const address = await face(maker).makeInbox()
    await mail(address)
    await face(remover).deleteInbox(address)
    expect(await ask((face) => face.hasInbox(address))).toEqual(fromAll(false))
    await expect(mail(address)).rejects.toMatchObject({ responseCode: 550 })
  })

  test('hands out each of its messages to one of those that wait, whichever dialect they wait in', async () => {
    const address = await face(maker).makeInbox()
    const ids = [await mail(address), await mail(address), await mail(address)]
    const given: (string | undefined)[] = []
    for (const name of ['automation', 'disposable', 'agents', 'automation'] as const) {
      given.push((await face(name).wait?.(address))?.messageId)
    }
    expect(given).toEqual([...ids, undefined])
  })

  test('tells all who wait for the same mail, in whichever dialect', async () => {
    const address = await face(maker).makeInbox()
    await mail(address)
    const [{ receivedAt = '' } = {}] = await face(maker).read(address)
    const { id } = await byAddress(address)
    const waits = [
      call('GET', `/api/v0/inboxes/${address}/wait?after=${receivedAt}`),
      call('GET', `/api/v1/inbox/${id}/messages/wait?receivedAfter=${receivedAt}`),
      call('GET', `/v1/inboxes/${id}/wait?after=${receivedAt}`),
    ]
    const messageId = await mail(address)
    expect(await Promise.all(waits)).toMatchObject([
      { message: { rfc_message_id: messageId } },
      { message: { messageIdHeader: messageId } },
      { message: { messageId } },
    ])
  })

  test('keeps one state of each message: labels, read, handled', async () => {
    const address = await face(maker).makeInbox()
    const messageId = await mail(address)
    const [seed, official] = [`/api/v0/inboxes/${address}/messages`, `/v0/inboxes/${address}/messages`]
    const hook = `/api/v1/inbox/${(await byAddress(address)).id}`
    const [{ message_id: id, thread_id }] = (await call('GET', seed)).data
    const wire = encodeURIComponent(messageId)

    await call('PATCH', `${seed}/${id}`, { labels: ['tea'] })
    expect((await call('GET', `${official}/${wire}`)).labels).toEqual(['received', 'unread', 'tea'])
    await call('PATCH', `${official}/${wire}`, { add_labels: ['four'], remove_labels: ['unread', 'tea'] })
    expect((await call('GET', `${seed}/${id}`)).labels).toEqual(['four'])
    expect((await call('GET', `/v0/inboxes/${address}/threads/${thread_id}`)).labels).toEqual(['received', 'four'])

    expect(await byAddress(address)).toMatchObject({ messageCount: 1, unhandledCount: 1 })
    const { items } = await call('POST', `${hook}/messages/handle`)
    expect(items).toMatchObject([{ messageIdHeader: messageId, isHandled: true }])
    expect(await byAddress(address)).toMatchObject({ messageCount: 1, unhandledCount: 0 })
    // Handled is automation's own word: nobody else loses the message by it, nor what was said of it.
    expect(await ask((face) => face.read(address))).toEqual(fromAll([message(messageId)]))
    expect((await call('GET', `${official}/${wire}`)).labels).toEqual(['received', 'four'])

    // What is hidden in one is hidden in all that hide.
    await call('PATCH', `${official}/${wire}`, { add_labels: ['trash'] })
    expect(await ask(async (face) => (await face.read(address)).length)).toEqual(fromAll(0))
    await call('PATCH', `${seed}/${id}`, { labels: ['four'] })
    expect(await ask(async (face) => (await face.read(address)).length)).toEqual(fromAll(1))
  })

  test('holds one conversation, with the answers of agents and of tests in it', async () => {
    const address = await face(maker).makeInbox()
    const first = await mail(address)
    const [{ message_id: id, thread_id }] = (await call('GET', `/api/v0/inboxes/${address}/messages`)).data
    const reply = await call('POST', `/api/v0/inboxes/${address}/messages/${id}/reply`, { text: 'At four it is.' })
    const { rfc_message_id: answer } = await call('GET', `/api/v0/inboxes/${address}/messages/${reply.message_id}`)
    const second = await mail(address, { inReplyTo: answer })

    const seed = await call('GET', `/api/v0/inboxes/${address}/threads/${thread_id}`)
    expect(seed.messages.map((one: { direction: string }) => one.direction)).toEqual(['inbound', 'outbound', 'inbound'])
    const official = await call('GET', `/v0/inboxes/${address}/threads/${thread_id}`)
    expect(official.messages.map((one: { message_id: string }) => one.message_id)).toEqual([first, answer, second])
    // The others tell of received mail in their lists, and of sent mail in a history.
    expect(await ask(async (face) => (await face.read(address)).map(({ messageId }) => messageId))).toEqual(
      fromAll([first, second]),
    )
    const sent = await eventually(
      async () => (await call('GET', '/v1/messages/outbound?limit=200')).items.find(isAnswer),
      (found) => found?.status === 'sent',
    )
    expect(sent).toMatchObject({ from: address, to: ['zoe@client.test'], via: 'api' })
    function isAnswer({ messageId }: { messageId: string }) {
      return messageId === answer
    }
  })
})

async function byAddress(address: string) {
  const listed: { id: string; hookAddress: string }[] = await call('GET', '/api/v1/inbox?limit=5000')
  const found = listed.find(({ hookAddress }) => hookAddress === address)
  if (!found) throw new Error(`No inbox ${address}`)
  return found
}
