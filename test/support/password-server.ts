import { type AddressInfo, createServer, type Socket } from 'node:net'
import { createInterface } from 'node:readline'

/** Checks passwords for a mail server over Dovecot's authentication protocol, of which PLAIN is enough. */
export async function startPasswordServer(users: Record<string, string>): Promise<AsyncDisposable & { port: number }> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
    const hello = ['VERSION\t1\t1', 'MECH\tPLAIN\tplaintext', 'SPID\t1', 'CUID\t1', `COOKIE\t${'0'.repeat(32)}`, 'DONE']
    socket.write(`${hello.join('\n')}\n`)
    createInterface(socket).on('line', (line) => {
      if (line.startsWith('AUTH\t')) socket.write(`${judge(line, users)}\n`)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

function judge(line: string, users: Record<string, string>): string {
  const id = line.split('\t')[1]
  const response = /\tresp=(\S+)/.exec(line)?.[1] ?? ''
  const [, user = '', password] = Buffer.from(response, 'base64').toString().split('\0')
  const right = password !== undefined && users[user] === password
  return `${right ? 'OK' : 'FAIL'}\t${id}\tuser=${user}`
}
