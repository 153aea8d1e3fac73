import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { beforeAll, describe, expect, test } from 'vitest'
import { officialAgents } from '../../src/api/agents/official/routes.ts'
import { createMetrics } from '../../src/api/metrics.ts'
import { SocketServer } from '../../src/api/sockets/socket-server.ts'
import type { App } from '../../src/core/app.ts'
import { EventFeed } from '../../src/core/events/feed.ts'
import { silentLog } from '../../src/core/log.ts'
import type { Store } from '../../src/core/store.ts'
import { buildKey, buildMailbox, buildOrganization, fileMail } from '../support/builders.ts'
import { SocketClient } from '../support/socket-client.ts'
import type { Opened } from './open.ts'

export function socketsContract(opened: () => Opened): void {
  describe('sockets', () => {
    let it: Opened
    beforeAll(() => {
      it = opened()
    })

    test('a key that is revoked on one node closes its sockets on another', async () => {
      const owner = await buildOrganization(it.store)
      const place = { orgId: owner.organization.id, projectId: owner.project.id }
      const { id, text } = await buildKey(it.store, place)
      const { text: spare } = await buildKey(it.store, place)
      const node = await it.openAnother()
      await using server = await serve(it, node)
      const [client, other] = await Promise.all([text, spare].map((key) => SocketClient.open(server.url(key))))
      expect(await client!.ask({ type: 'subscribe' })).toEqual({ type: 'subscribed' })
      await it.store.run('accounts.delete-key', { orgId: place.orgId, id })
      expect((await client!.closed).code).toBe(1008)
      expect(await other!.ask({ type: 'subscribe' })).toEqual({ type: 'subscribed' })
      await other![Symbol.asyncDispose]()
      await node[Symbol.asyncDispose]()
    })

    test('a mail that is filed on one node is told on another, each once and in order', async () => {
      const owner = await buildOrganization(it.store)
      const box = await buildMailbox(it.store, owner)
      const { text } = await buildKey(it.store, box)
      const node = await it.openAnother()
      await using server = await serve(it, node)
      await using client = await SocketClient.open(server.url(text))
      expect(await client.ask({ type: 'subscribe' })).toEqual({ type: 'subscribed' })
      const names = Array.from({ length: 50 }, (_, n) => `Mail ${n}`)
      for (const subject of names) await fileMail(it.store, box, { subject })
      const told = []
      while (told.length < names.length) told.push((await client.next()).message.subject)
      expect(told).toEqual(names)
      await client[Symbol.asyncDispose]()
      await node[Symbol.asyncDispose]()
    })
  })
}

/** A node that has nothing but sockets. */
async function serve({ clock }: Opened, store: Store) {
  const feed = new EventFeed({ clock, log: silentLog, store })
  const settings = { rootKeyHash: null }
  const keyUses = { note: () => {} }
  const app = { clock, log: silentLog, store, feed, settings, keyUses } as unknown as App
  const sockets = new SocketServer(app, [officialAgents], createMetrics())
  const http = createServer().on('upgrade', (request, stream, head) => void sockets.upgrade(request, stream, head))
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  const { port } = http.address() as AddressInfo
  return {
    url: (key: string) => `ws://127.0.0.1:${port}/v0?api_key=${key}`,
    async [Symbol.asyncDispose]() {
      await feed[Symbol.asyncDispose]()
      await new Promise<void>((resolve) => http.close(() => resolve()))
    },
  }
}
