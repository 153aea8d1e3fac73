import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Message } from '../../src/core/messages/model.ts'
import { selfSigned } from '../../src/transport/smtp-server/self-signed.ts'
import { SmtpServer, type SmtpServerOptions } from '../../src/transport/smtp-server/smtp-server.ts'
import { type TestApp, type TestAppOptions, testApp } from './app.ts'
import { LineClient, lines, play } from './transcript.ts'

const tls = selfSigned('mail.posthouse.test', Date.now())

/** The product with its SMTP server on a free port, and the mailboxes `ada` and `bob`. */
export interface TestSmtp extends TestApp {
  server: SmtpServer
  port: number
  play(script: string): Promise<void>
  connect(): Promise<LineClient>
  /** A client that stands at DATA, for `ada`. */
  atData(to?: string): Promise<LineClient>
  /** What a mailbox holds, newest first. */
  messages(localPart: string): Promise<Message[]>
  raw(localPart: string): Promise<Buffer>
  /** Files in the spool folder. */
  spooled(): Promise<string[]>
}

export type TestSmtpOptions = TestAppOptions & Partial<Pick<SmtpServerOptions, 'limits' | 'idleTalk' | 'service'>>

export async function testSmtp({ limits, idleTalk, service, ...options }: TestSmtpOptions = {}): Promise<TestSmtp> {
  await using opened = new AsyncDisposableStack()
  const base = opened.use(await testApp(options))
  for (const username of ['ada', 'bob']) await base.call('POST', '/api/v0/inboxes', { body: { username } })
  const spoolFolder = await mkdtemp(join(tmpdir(), 'posthouse-spool-'))
  opened.defer(() => rm(spoolFolder, { recursive: true, force: true }))
  const server = opened.use(
    new SmtpServer(base.app, {
      ...{ spoolFolder, tls },
      ...(limits && { limits }),
      ...(idleTalk && { idleTalk }),
      ...(service && { service }),
    }),
  )
  const port = await server.listen('127.0.0.1', 0)
  const closing = opened.move()

  const messages: TestSmtp['messages'] = async (localPart) => {
    const mailbox = await base.app.store.read.mailboxes.byAddress(`${localPart}@posthouse.test`)
    if (!mailbox) throw new Error(`There is no mailbox ${localPart}`)
    return (await base.app.store.read.messages.list(mailbox.id, {}, { limit: 50 })).items
  }
  return {
    ...base,
    server,
    port,
    messages,
    async play(script) {
      const played = await play(port, script)
      if (played !== lines(script).join('\n')) throw new TranscriptDiffers(lines(script), played.split('\n'))
    },
    connect: () => LineClient.connect(port),
    async atData(to = 'ada@posthouse.test') {
      const client = await LineClient.connect(port)
      await client.reply()
      for (const text of ['EHLO client.example', 'MAIL FROM:<eve@example.com>', `RCPT TO:<${to}>`, 'DATA']) {
        await client.command(text)
      }
      return client
    },
    async raw(localPart) {
      const [newest] = await messages(localPart)
      const raw = newest && (await base.app.blobs.get(newest.blobKey))
      if (!raw) throw new Error(`${localPart} has no mail`)
      return raw
    },
    spooled: () => readdir(spoolFolder),
    [Symbol.asyncDispose]: () => closing.disposeAsync(),
  }
}

class TranscriptDiffers extends Error {
  constructor(wanted: string[], seen: string[]) {
    const marked = seen.map((line, i) => (line === wanted[i] ? `  ${line}` : `> ${line}\n  (wanted ${wanted[i]})`))
    super(`The session went otherwise:\n${marked.join('\n')}`)
  }
}
