import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { SMTPServer } from 'smtp-server'
import { selfSigned } from '../../src/transport/smtp-server/self-signed.ts'

export interface StoredMail {
  mailFrom: string
  recipients: string[]
  raw: Buffer
  secure: boolean
}

/** The last server of a road: takes mail of any size for anybody, except for users called `nobody`. */
export interface MailStore extends AsyncDisposable {
  port: number
  mails: StoredMail[]
}

export async function startMailStore(): Promise<MailStore> {
  const mails: StoredMail[] = []
  const server = new SMTPServer({
    ...selfSigned('store.test', Date.now()),
    authOptional: true,
    disableReverseLookup: true,
    hideSMTPUTF8: false,
    closeTimeout: 1,
    onRcptTo({ address }, _session, done) {
      done(address.startsWith('nobody') ? Object.assign(new Error('5.1.1 No such user'), { responseCode: 550 }) : null)
    },
    onData(stream, { envelope, secure }, done) {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        const mailFrom = envelope.mailFrom ? envelope.mailFrom.address : ''
        const recipients = envelope.rcptTo.map(({ address }) => address)
        mails.push({ mailFrom, recipients, raw: Buffer.concat(chunks), secure })
        done()
      })
    },
  })
  server.on('error', () => {})
  server.listen(0, '127.0.0.1')
  await once(server.server, 'listening')
  const { port } = server.server.address() as AddressInfo
  return { port, mails, [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())) }
}
