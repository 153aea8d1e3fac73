import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'

/** A mail that the sink said 250 to; its reply has its number, from 1 on. */
export interface Taken {
  messageId: string
  recipients: string[]
}

export interface RecordingSink extends AsyncDisposable {
  port: number
  taken: Taken[]
  /** It thinks about each mail for up to this long. */
  delayMs: number
}

/** A next hop that takes everything, and writes down what it said yes to. */
export async function startRecordingSink(delayMs = 30): Promise<RecordingSink> {
  const sink = { taken: [] as Taken[], delayMs }
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket)).on('error', () => {})
    serve(socket, sink)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const port = (server.address() as AddressInfo).port
  return Object.assign(sink, {
    port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  })
}

function serve(socket: Socket, sink: Pick<RecordingSink, 'taken' | 'delayMs'>): void {
  let text = ''
  let inData = false
  let recipients: string[] = []
  const finish = (content: string) => {
    const mail = { messageId: /^message-id: *(<[^>]*>)/im.exec(content)?.[1] ?? '', recipients }
    inData = false
    recipients = []
    setTimeout(() => {
      if (socket.destroyed) return
      const number = sink.taken.push(mail)
      socket.write(`250 2.0.0 Taken as number ${number}\r\n`)
    }, Math.random() * sink.delayMs)
  }
  const command = (line: string) => {
    const verb = line.slice(0, 4).toUpperCase()
    if (verb === 'RCPT') recipients.push(/<([^>]*)>/.exec(line)?.[1] ?? '')
    inData = verb === 'DATA'
    socket.write(inData ? '354 Go on\r\n' : verb === 'QUIT' ? '221 Bye\r\n' : '250 Ok\r\n')
  }
  socket.write('220 sink.test ESMTP\r\n')
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1')
    for (;;) {
      const mark = inData ? '\r\n.\r\n' : '\r\n'
      const end = text.indexOf(mark)
      if (end < 0) return
      const piece = text.slice(0, end)
      text = text.slice(end + mark.length)
      if (inData) finish(piece)
      else command(piece)
    }
  })
}

/** Whom the sink said yes for more than once. */
export function takenTwice({ taken }: Pick<RecordingSink, 'taken'>): string[] {
  const keys = taken.flatMap(({ messageId, recipients }) => recipients.map((to) => `${messageId} ${to}`))
  return keys.filter((key, i) => keys.indexOf(key) !== i)
}
