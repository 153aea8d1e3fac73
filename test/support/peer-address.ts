import type { ChildProcess } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { createConnection } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

export interface PeerAddress {
  address: string
  port: number
}

/** A loopback address that nobody else uses: mail hosts listen on port 25 and no other, and test files run at once. */
export function loopbackHost(): PeerAddress {
  return { address: `127.${randomInt(2, 255)}.${randomInt(1, 255)}.${randomInt(1, 255)}`, port: 25 }
}

/** Waits until a mail server greets; throws when it ends before. */
export async function answers({ address, port }: PeerAddress, server: ChildProcess): Promise<void> {
  for (const deadline = Date.now() + 30_000; Date.now() < deadline; await delay(50)) {
    if (server.exitCode !== null || server.signalCode !== null) break
    if (await greets(address, port)) return
  }
  throw new Error(`Nobody answers on ${address}:${port}`)
}

async function greets(address: string, port: number): Promise<boolean> {
  const socket = createConnection(port, address)
  socket.setTimeout(3000, () => socket.destroy())
  const greeting = new Promise<boolean>((resolve) => {
    socket.on('data', (chunk) => resolve(/^(220|\* OK)/.test(chunk.toString())))
    socket.on('error', () => resolve(false)).on('close', () => resolve(false))
  })
  const said = await greeting
  if (said) socket.end('QUIT\r\n')
  else socket.destroy()
  return said
}
