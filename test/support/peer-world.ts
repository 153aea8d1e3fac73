import { createTransport } from 'nodemailer'
import { readConfig } from '../../src/config.ts'
import type { App } from '../../src/core/app.ts'
import { dnsRecordsOf } from '../../src/core/domains/dns-records.ts'
import { openApp } from '../../src/open-app.ts'
import { type ApiAnswer, type ApiClient, apiClient, eventually } from './api-client.ts'
import { DnsServer } from './dns-server.ts'
import { type MailStore, type StoredMail, startMailStore } from './mail-store.ts'
import type { PeerAddress } from './peer-address.ts'
import { type ServerProcess, startServerProcess, temporaryFolder } from './server-process.ts'

/** The real program, a name server that it asks, and the last server of all roads; the peer stands between. */
export interface PeerWorld extends AsyncDisposable {
  dns: DnsServer
  server: ServerProcess
  /** Where the program takes mail. */
  smtp: PeerAddress
  store: MailStore
  api: ApiClient
  /** The program's own data, read beside it. */
  app: App
  inbox(username: string): Promise<string>
  /** Sends by the API and answers the bytes that left, and the path of the message. */
  send(inbox: string, draft: Record<string, unknown>): Promise<{ raw: Buffer; path: string }>
  /** The mail that came to the store with this header, once it is there. */
  arrived(raw: Buffer): Promise<StoredMail>
  /** The one mail of an inbox, once it is there, and what the API tells of it. */
  received(inbox: string): Promise<{ raw: Buffer; message: ApiAnswer['body'] }>
  /** What our name server says of our DKIM keys. */
  keys(): Record<string, string>
}

export async function startPeerWorld(env: Record<string, string>): Promise<PeerWorld> {
  await using opened = new AsyncDisposableStack()
  const folder = opened.use(temporaryFolder())
  const dns = opened.use(await DnsServer.start({}))
  const store = opened.use(await startMailStore())
  const server = opened.use(
    await startServerProcess(folder.path, {
      POSTHOUSE_DNS: dns.address,
      POSTHOUSE_ALLOW_NET: '127.0.0.0/8',
      POSTHOUSE_SENDS_PER_MINUTE: '0',
      ...env,
    }),
  )
  const { app } = opened.use(await openApp(readConfig({ POSTHOUSE_DATA: folder.path, POSTHOUSE_LOG: 'silent' })))
  const records = await dnsRecordsOf(app, app.settings.mailDomain)
  const keys = records.filter(({ name }) => name.includes('._domainkey.'))
  dns.zone = Object.fromEntries(keys.map(({ name, value }) => [name, { txt: [value] }]))
  const api = apiClient(server.url, server.apiKey ?? '')
  const closing = opened.move()
  return {
    ...{ dns, server, store, api, app },
    smtp: { address: '127.0.0.1', port: server.smtpPort },
    inbox: async (username) => (await api.post('/inboxes', { username })).body.inbox_id,
    send: (inbox, draft) => send(api, inbox, draft),
    arrived: (raw) => arrived(store, raw),
    received: (inbox) => received(api, inbox),
    keys: () => Object.fromEntries(keys.map(({ name, value }) => [name, value])),
    [Symbol.asyncDispose]: () => closing.disposeAsync(),
  }
}

async function send(api: ApiClient, inbox: string, draft: Record<string, unknown>) {
  const { status, body } = await api.post(`/inboxes/${inbox}/messages/send`, { subject: 'Notes', ...draft })
  if (status !== 200) throw new Error(`The API answered ${status}: ${JSON.stringify(body)}`)
  const path = `/inboxes/${inbox}/messages/${body.message_id}`
  return { raw: await api.bytes(`${path}/eml`), path }
}

async function arrived(store: MailStore, raw: Buffer): Promise<StoredMail> {
  const id = messageIdOf(raw)
  const find = async () => store.mails.find((mail) => messageIdOf(mail.raw) === id)
  const found = await eventually(find, (mail) => mail !== undefined)
  if (!found) throw new Error(`${id} did not arrive`)
  return found
}

async function received(api: ApiClient, inbox: string) {
  const list = `/inboxes/${inbox}/messages`
  const { body } = await eventually(
    () => api.get(list),
    (answer) => answer.body.total === 1,
  )
  const path = `${list}/${body.data[0].message_id}`
  return { raw: await api.bytes(`${path}/eml`), message: (await api.get(path)).body }
}

function messageIdOf(raw: Buffer): string | undefined {
  return /^Message-ID:\s*(<.*>)/im.exec(raw.subarray(0, 64 * 1024).toString('latin1'))?.[1]
}

/** What stands at the end of `longer`, as long as `raw`: servers on the road add fields above. */
export function tailOf(longer: Buffer, raw: Buffer): Buffer {
  return longer.subarray(-raw.length)
}

/** Hands mail to a peer as some client of its own would. */
export async function handTo(
  { address, port }: PeerAddress,
  to: string[],
  raw: Buffer,
  from = 'zoe@client.test',
): Promise<void> {
  const client = createTransport({ host: address, port, secure: false, ignoreTLS: true })
  await client.sendMail({ envelope: { from, to, use8BitMime: true }, raw })
  client.close()
}
