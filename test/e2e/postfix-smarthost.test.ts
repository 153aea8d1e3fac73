import { expect, onTestFailed, test, vi } from 'vitest'
import { eventually } from '../support/api-client.ts'
import { startPasswordServer } from '../support/password-server.ts'
import { loopbackHost } from '../support/peer-address.ts'
import { startPeerWorld, tailOf } from '../support/peer-world.ts'
import { findPostfix, startPostfix } from '../support/postfix.ts'

// Three programs and the test, on a machine that may have other things to do.
vi.setConfig({ testTimeout: 90_000 })

const packages = await findPostfix()
const absent = 'missing' in packages
if (absent) console.log(`skipped without Postfix: ${packages.missing}`)

const signIn = (port: number) => ({
  smtpd_relay_restrictions: 'permit_sasl_authenticated, reject',
  smtpd_sasl_auth_enable: 'yes',
  smtpd_sasl_type: 'dovecot',
  smtpd_sasl_path: `inet:127.0.0.1:${port}`,
  smtpd_sasl_security_options: 'noanonymous',
  smtpd_tls_auth_only: 'yes',
})

test.skipIf(absent)(
  'a Postfix that asks for TLS and a password takes all mail as the smarthost',
  async () => {
    if ('missing' in packages) return
    const listen = loopbackHost()
    await using passwords = await startPasswordServer({ 'post@house': 'p+ss: wörd/?' })
    const user = `${encodeURIComponent('post@house')}:${encodeURIComponent('p+ss: wörd/?')}`
    await using world = await startPeerWorld({ POSTHOUSE_DELIVERY: `smtp://${user}@${listen.address}:${listen.port}` })
    const routes = { '*': { address: '127.0.0.1', port: world.store.port } }
    await using postfix = await startPostfix(packages, { listen, routes, settings: signIn(passwords.port) })
    onTestFailed(() => console.log(postfix.log(), world.server.output()))
    const desk = await world.inbox('desk')
    const to = ['ada@one.test', 'bob@two.test', 'grüße@three.test']
    const { raw, path } = await world.send(desk, { to, text: '.\nGröße\n' })
    const mail = await world.arrived(raw)
    expect(tailOf(mail.raw, raw)).toEqual(raw)
    expect(postfix.log()).toContain('sasl_method=PLAIN, sasl_username=post@house')
    const { body } = await eventually(
      () => world.api.get(`${path}/deliveries`),
      (answer) => answer.body.data.every(({ status }: { status: string }) => status === 'sent'),
    )
    expect(body.data.map(({ recipient }: { recipient: string }) => recipient)).toEqual(to)
  },
  60_000,
)

test.skipIf(absent)(
  'a wrong password keeps the mail in the queue and says why',
  async () => {
    if ('missing' in packages) return
    const listen = loopbackHost()
    await using passwords = await startPasswordServer({ post: 'right' })
    await using world = await startPeerWorld({
      POSTHOUSE_DELIVERY: `smtp://post:wrong@${listen.address}:${listen.port}`,
    })
    const routes = { '*': { address: '127.0.0.1', port: world.store.port } }
    await using postfix = await startPostfix(packages, { listen, routes, settings: signIn(passwords.port) })
    onTestFailed(() => console.log(postfix.log(), world.server.output()))
    const desk = await world.inbox('desk')
    const { path } = await world.send(desk, { to: 'ada@one.test', text: 'Hello' })
    const { body } = await eventually(
      () => world.api.get(`${path}/deliveries`),
      (answer) => answer.body.data[0].attempts.length === 1,
    )
    expect(body.data).toMatchObject([{ status: 'queued', attempts: [{ code: 535, enhanced_code: '5.7.8' }] }])
    expect(world.store.mails).toEqual([])
  },
  60_000,
)
