import { describe, expect, test, vi } from 'vitest'
import { eventually } from '../support/api-client.ts'
import { findDkimpy } from '../support/dkimpy.ts'
import { findExim, startExim } from '../support/exim.ts'
import { findOpenSmtpd, startOpenSmtpd } from '../support/opensmtpd.ts'
import { loopbackHost } from '../support/peer-address.ts'
import { handTo, startPeerWorld, tailOf } from '../support/peer-world.ts'

// Three programs and the test, on a machine that may have other things to do.
vi.setConfig({ testTimeout: 90_000 })

const dkimpy = await findDkimpy()
const peers = [
  { name: 'Exim', packages: await findExim(), start: startExim, protocol: 'esmtps' },
  // Debian's build offers STARTTLS and fails at it: mail goes on in the clear.
  { name: 'OpenSMTPD', packages: await findOpenSmtpd(), start: startOpenSmtpd, protocol: 'ESMTP' },
]

describe.each(peers)('$name', ({ name, packages, start, protocol }) => {
  const absent = 'missing' in packages
  if (absent) console.log(`skipped without ${name}: ${packages.missing}`)

  test.skipIf(absent)('passes mail on in both directions, and its report of an unknown user comes home', async () => {
    if ('missing' in packages) return
    const listen = loopbackHost()
    await using world = await startPeerWorld({ POSTHOUSE_DELIVERY: 'direct' })
    Object.assign(world.dns.zone, { 'peer.test': { a: [listen.address] } })
    const others = { address: '127.0.0.1', port: world.store.port }
    await using peer = await start(packages, { listen, us: world.smtp, others })
    const desk = await world.inbox('desk')

    const text = `.\n..\nGröße 🍵\n${'x'.repeat(5000)}\n`
    const { raw } = await world.send(desk, { to: 'ada@peer.test', subject: 'Grüße', text, html: '<p>🍵</p>' })
    const mail = await world.arrived(raw)
    expect(tailOf(mail.raw, raw)).toEqual(raw)
    expect(mail.raw.toString('latin1', 0, 500)).toContain(` with ${protocol} `)
    if ('verify' in dkimpy) expect(dkimpy.verify([mail.raw], world.keys())).toEqual([[true, true]])

    const words = `From: zoe@client.test\r\nMessage-ID: <1@client.test>\r\nDate: ${new Date().toUTCString()}\r\n\r\n.\r\n..\r\nGr\xfc\xdfe\r\n`
    await handTo(listen, ['desk@posthouse.localhost'], Buffer.from(words, 'latin1'))
    const list = await eventually(
      () => world.api.get(`/inboxes/${desk}/messages`),
      ({ body }) => body.total === 2,
    )
    const kept = await world.api.bytes(`/inboxes/${desk}/messages/${list.body.data[0].message_id}/eml`)
    expect(tailOf(kept, Buffer.from(words, 'latin1')).toString('latin1')).toBe(words)

    const { path } = await world.send(desk, { to: 'nobody@peer.test', text: 'Are you there?' })
    const ended = await eventually(
      () => world.api.get(path),
      ({ body }) => body.status === 'bounced',
    )
    expect(ended.body.status, peer.log()).toBe('bounced')
  })
})
