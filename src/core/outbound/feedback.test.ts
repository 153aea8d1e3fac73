import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type TestApp, testApp } from '../../../test/support/app.ts'
import { buildMailbox } from '../../../test/support/builders.ts'
import { bounceMail, complaintMail, eventsOf, fates, send } from '../../../test/support/outbound.ts'
import type { DomainId, OrgId, ProjectId } from '../ids.ts'
import { newId } from '../ids.ts'
import type { Mailbox } from '../mailboxes/model.ts'

const fields = { displayName: null, clientId: null }
const refused = {
  result: 'permanent',
  host: 'mx',
  replyCode: 550,
  enhancedCode: '5.1.1',
  text: 'User unknown',
} as const

describe('a domain whose owner wants no reports as mail', () => {
  let it: TestApp
  let quiet: Mailbox
  let loud: Mailbox
  beforeAll(async () => {
    it = await testApp({ settings: { route: { kind: 'direct' } } })
    const { orgId, projectId } = await buildMailbox(it.app.store)
    const make = async (name: string, feedbackEnabled: boolean) => {
      await domain({ orgId, projectId }, name, feedbackEnabled)
      const input = { orgId, projectId, localPart: 'desk', domain: name, ...fields }
      return (await it.app.store.run('mailboxes.create', input)).mailbox
    }
    quiet = await make('quiet.test', false)
    loud = await make('loud.test', true)
  })
  beforeEach(() => {
    it.handedOver.length = 0
    it.answers.clear()
  })
  afterAll(() => it[Symbol.asyncDispose]())

  async function domain(place: { orgId: OrgId; projectId: ProjectId }, name: string, feedbackEnabled: boolean) {
    const { orgId } = place
    const claim = { id: newId<DomainId>(), ...place, name, feedbackEnabled, keys: [] }
    await it.app.store.run('domains.create', claim)
    const nothing = { states: {}, keys: [], required: [] }
    await it.app.store.run('domains.record-check', { orgId, name, asked: true, ...nothing })
  }
  const filed = async (box: Mailbox) =>
    (await it.app.store.read.messages.list(box.id, { direction: 'inbound' }, { limit: 9 })).items.map((m) => m.subject)
  const sent = async (box: Mailbox, to: string) => {
    const ids = await send(it, box, to)
    await it.work()
    return { ids, path: it.handedOver.at(-1)?.mailFrom ?? '' }
  }

  test('hears of refusals by events only', async () => {
    for (const box of [quiet, loud]) {
      it.answers.set(`gone@${box.domain}.example`, refused)
      await sent(box, `gone@${box.domain}.example`)
      it.clock.advance(60_000)
      await it.work()
      expect(await eventsOf(it, box, 'message.bounced')).toHaveLength(1)
    }
    expect(await filed(quiet)).toEqual([])
    expect(await filed(loud)).toHaveLength(1)
  })

  test.each([
    ['bounces', bounceMail, 'message.bounced'],
    ['complaints', complaintMail, 'message.complained'],
  ] as const)('hears of %s that come as mail by events only, each once', async (_what, mail, type) => {
    for (const box of [quiet, loud]) {
      const before = [await eventsOf(it, box, type), await filed(box)].map((list) => list.length)
      const to = `${type}@${box.domain}.example`
      const { ids, path } = await sent(box, to)
      const expected = box === quiet ? 'told' : 'stored'
      expect(await it.mail(path, mail(to), { mailFrom: '' })).toMatchObject([{ result: expected }])
      expect(await it.mail(path, mail(to), { mailFrom: '' })).toMatchObject([{ result: expected }])
      const after = [await eventsOf(it, box, type), await filed(box)].map((list) => list.length)
      expect(after).toEqual([before[0]! + 1, before[1]! + (box === quiet ? 0 : 2)])
      if (type === 'message.bounced') expect(await fates(it, ids)).toEqual([`${to} failed`])
    }
  })

  test('still gets reports that are about no mail of its own, and those of delays', async () => {
    const foreign = bounceMail('stranger@example.com', { messageId: '<foreign@example.com>' })
    expect(await it.mail(quiet.address, foreign, { mailFrom: '' })).toMatchObject([{ result: 'stored' }])
    const { path } = await sent(quiet, 'late@example.com')
    const late = bounceMail('late@example.com', { action: 'delayed', status: '4.4.1' })
    expect(await it.mail(path, late, { mailFrom: '' })).toMatchObject([{ result: 'stored' }])
  })
})
