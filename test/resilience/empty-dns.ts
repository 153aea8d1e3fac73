import { createSocket } from 'node:dgram'
import { once } from 'node:events'

/** A name server that knows no names, so that checks of the sender cost a round trip and no more. `host:port`. */
export async function startEmptyDns(): Promise<{ address: string } & AsyncDisposable> {
  const socket = createSocket('udp4')
  socket.on('message', (question, from) => {
    const answer = Buffer.from(question)
    // RFC 1035 §4.1.1: QR and RD, then RA and NXDOMAIN.
    answer.writeUInt16BE(0x8183, 2)
    socket.send(answer, from.port, from.address)
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return {
    address: `127.0.0.1:${socket.address().port}`,
    async [Symbol.asyncDispose]() {
      socket.close()
    },
  }
}
