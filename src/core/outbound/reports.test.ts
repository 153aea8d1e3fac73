import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type TestApp, testApp } from '../../../test/support/app.ts'
import { buildMailbox } from '../../../test/support/builders.ts'
import { bounceMail, complaintMail, eventsOf, fates, ownerOf, send } from '../../../test/support/outbound.ts'
import type { Mailbox } from '../mailboxes/model.ts'
import { resolveRecipient } from '../mailboxes/resolve-recipient.ts'
import { listSuppressions } from '../suppressions/suppressions.ts'

const DAY = 24 * 3_600_000

describe('what others report of our mail', () => {
  let it: TestApp
  let box: Mailbox
  beforeAll(async () => {
    it = await testApp({ settings: { route: { kind: 'direct' } } })
  })
  beforeEach(async () => {
    it.handedOver.length = 0
    it.answers.clear()
    box = await buildMailbox(it.app.store)
  })
  afterAll(() => it[Symbol.asyncDispose]())

  /** Sends and hands over; answers the ids and the return path that the peer saw. */
  const sent = async (...to: string[]) => {
    const ids = await send(it, box, ...to)
    await it.work()
    const message = await it.app.store.read.messages.get(box.id, ids.messageId)
    const paths = it.handedOver.map((c) => c.mailFrom)
    return { ids, paths, path: paths.at(-1) ?? '', messageId: message?.messageId ?? '' }
  }
  const suppressed = async () => {
    const { items } = await listSuppressions(it.app, ownerOf(box), { limit: 10 })
    return items.map((s) => `${s.address} ${s.reason}`)
  }
  const nobody = { mailFrom: '' }

  test('each domain gets its own return path in the domain of the mailbox; recipients of one domain share it', async () => {
    const { paths } = await sent('a@one.test', 'b@two.test', 'c@one.test')
    const groups = it.handedOver.map((c) => c.recipients.toSorted()).sort()
    expect(groups).toEqual([['a@one.test', 'c@one.test'], ['b@two.test']])
    expect(new Set(paths).size).toBe(2)
    for (const path of paths) expect(path).toMatch(/^b-[a-z2-7]{42}@posthouse\.test$/)
  })

  test('a bounce to the return path fails its delivery, tells it, suppresses the address and is filed as mail', async () => {
    const { ids, path } = await sent('ada@example.com')
    await it.mail(path.toUpperCase(), bounceMail('ada@example.com'), nobody)
    expect(await fates(it, ids)).toEqual(['ada@example.com failed'])
    const recipients = [{ address: 'ada@example.com', status: '5.1.1' }]
    expect(await eventsOf(it, box, 'message.bounced')).toEqual([
      { type: 'message.bounced', bounceType: 'Permanent', subType: 'NoEmail', recipients },
    ])
    expect((await it.app.store.read.messages.get(box.id, ids.messageId))?.status).toBe('bounced')
    expect(await suppressed()).toEqual(['ada@example.com hard_bounce'])
    const [filed] = (await it.app.store.read.messages.list(box.id, { direction: 'inbound' }, { limit: 5 })).items
    expect(filed?.subject).toBe('Undelivered Mail Returned to Sender')
    const [delivery] = await it.app.store.read.outbound.ofMessage(ids.messageId)
    expect(delivery?.attempts.at(-1)).toMatchObject({ enhancedCode: '5.1.1', replyCode: 550 })
    await expect(send(it, box, 'Ada@example.com')).rejects.toMatchObject({ code: 'rejected' })
  })

  test('no second report is written about a bounce that came as mail', async () => {
    const { path } = await sent('ada@example.com')
    await it.mail(path, bounceMail('ada@example.com'), nobody)
    await it.work()
    expect((await it.app.store.read.messages.list(box.id, { direction: 'inbound' }, { limit: 5 })).total).toBe(1)
  })

  test('the same bounce again changes nothing more', async () => {
    const { path } = await sent('ada@example.com')
    const bounce = bounceMail('ada@example.com')
    await it.mail(path, bounce, nobody)
    await it.mail(path, bounce, nobody)
    await it.mail(path, bounceMail('ada@example.com'), nobody)
    expect(await eventsOf(it, box, 'message.bounced')).toHaveLength(1)
  })

  test('a full mailbox bounces softly: on record, told as transient, not suppressed', async () => {
    const { ids, path } = await sent('ada@example.com')
    const full = { status: '5.2.2', diagnostic: '552 5.2.2 Mailbox full' }
    await it.mail(path, bounceMail('ada@example.com', full), nobody)
    expect(await fates(it, ids)).toEqual(['ada@example.com failed'])
    expect(await eventsOf(it, box, 'message.bounced')).toMatchObject([
      { bounceType: 'Transient', subType: 'MailboxFull' },
    ])
    expect(await suppressed()).toEqual([])
  })

  test('of several recipients only the one that is named bounces', async () => {
    const { ids, path } = await sent('a@one.test', 'b@one.test')
    await it.mail(path, bounceMail('B@One.test'), nobody)
    expect(await fates(it, ids)).toEqual(['a@one.test sent', 'b@one.test failed'])
  })

  test('a forwarded address is known by the return path, when it was the only one', async () => {
    const { ids, path } = await sent('ada@example.com', 'bo@other.test')
    const [first = path] = it.handedOver.filter((c) => c.recipients.includes('ada@example.com')).map((c) => c.mailFrom)
    await it.mail(first, bounceMail('ada.private@elsewhere.test'), nobody)
    expect(await fates(it, ids)).toEqual(['ada@example.com failed', 'bo@other.test sent'])
  })

  test('who was shown one return path cannot speak for a recipient of another domain', async () => {
    const { ids } = await sent('ada@example.com', 'mallory@evil.test')
    const shown = it.handedOver.find((c) => c.recipients.includes('mallory@evil.test'))?.mailFrom ?? ''
    await it.mail(shown, bounceMail('ada@example.com'), nobody)
    await it.mail(shown, complaintMail('ada@example.com'))
    const states = await fates(it, ids)
    expect(states).toContain('ada@example.com sent')
    expect(await suppressed()).not.toContain('ada@example.com hard_bounce')
  })

  test('a delay is noted and changes nothing', async () => {
    const { ids, path } = await sent('ada@example.com')
    const delayed = { action: 'delayed', status: '4.4.1', diagnostic: '451 4.4.1 No answer' }
    await it.mail(path, bounceMail('ada@example.com', delayed), nobody)
    const [delivery] = await it.app.store.read.outbound.ofMessage(ids.messageId)
    expect(delivery?.status).toBe('sent')
    expect(delivery?.attempts.at(-1)?.text).toBe('Reported delayed: 451 4.4.1 No answer')
    expect(await eventsOf(it, box, 'message.bounced')).toEqual([])
  })

  test('a complaint is the last word on a message, and its reader hears no more from us', async () => {
    const { ids, path } = await sent('ada@example.com')
    await it.mail(path, complaintMail('ada@example.com'), { mailFrom: 'feedback@provider.test' })
    expect(await eventsOf(it, box, 'message.complained')).toEqual([
      { type: 'message.complained', complaintType: 'abuse', subType: null, recipients: ['ada@example.com'] },
    ])
    expect((await it.app.store.read.messages.get(box.id, ids.messageId))?.status).toBe('complained')
    expect(await suppressed()).toEqual(['ada@example.com complaint'])
  })

  test('"not spam" is no complaint', async () => {
    const { path } = await sent('ada@example.com')
    await it.mail(path, complaintMail('ada@example.com', { type: 'not-spam' }))
    expect([await eventsOf(it, box, 'message.complained'), await suppressed()]).toEqual([[], []])
  })

  test('a bounce to the mailbox itself is matched by Message-ID and recipient, which is no secret and so suppresses nobody', async () => {
    const { ids, messageId } = await sent('ada@example.com')
    await it.mail(box.address, bounceMail('ada@example.com', { messageId }), nobody)
    expect(await fates(it, ids)).toEqual(['ada@example.com failed'])
    expect(await suppressed()).toEqual([])
  })

  test('of two recipients of one domain neither can have the other suppressed', async () => {
    const { ids, path } = await sent('ada@example.com', 'mallory@example.com')
    await it.mail(path, bounceMail('ada@example.com'), nobody)
    expect(await fates(it, ids)).toEqual(['ada@example.com failed', 'mallory@example.com sent'])
    expect(await suppressed()).toEqual([])
  })

  test('who had the mail too cannot have another recipient suppressed', async () => {
    const { messageId } = await sent('ada@example.com', 'mallory@evil.test')
    await it.mail(box.address, bounceMail('ada@example.com', { messageId }), nobody)
    await it.mail(box.address, complaintMail('ada@example.com', { messageId }))
    expect(await suppressed()).toEqual([])
  })

  test('forged reports change nothing: unknown Message-ID, other mailbox, wrong recipient', async () => {
    const { ids, messageId } = await sent('ada@example.com')
    const other = await buildMailbox(it.app.store)
    await it.mail(box.address, bounceMail('ada@example.com', { messageId: '<guessed@posthouse.test>' }), nobody)
    await it.mail(box.address, bounceMail('ada@example.com'), nobody)
    await it.mail(other.address, bounceMail('ada@example.com', { messageId }), nobody)
    await it.mail(box.address, bounceMail('bo@example.com', { messageId }), nobody)
    expect(await fates(it, ids)).toEqual(['ada@example.com sent'])
    expect(await suppressed()).toEqual([])
  })

  test('a made-up return path is nobody; one of another server or of a deleted mail too', async () => {
    const { path } = await sent('ada@example.com')
    const forged = `${path[2] === 'a' ? 'b-b' : 'b-a'}${path.slice(3)}`
    await expect(resolveRecipient(it.app, forged)).rejects.toMatchObject({ code: 'not_found' })
    const elsewhere = path.replace('@posthouse.test', '@other.test')
    await expect(resolveRecipient(it.app, elsewhere)).rejects.toMatchObject({ code: 'relay_denied' })
    expect((await resolveRecipient(it.app, path)).id).toBe(box.id)
    it.clock.advance(61 * DAY)
    await expect(resolveRecipient(it.app, path)).rejects.toMatchObject({ code: 'not_found' })
  })

  test('a mailbox that is named like a return path does not get its reports', async () => {
    const { path, ids } = await sent('ada@example.com')
    const thief = await buildMailbox(it.app.store, undefined, { localPart: path.split('@')[0] ?? '' })
    const [filed] = await it.mail(path, bounceMail('ada@example.com'), nobody)
    expect(filed?.mailboxId).toBe(box.id)
    expect((await it.app.store.read.messages.list(thief.id, {}, { limit: 1 })).total).toBe(0)
    expect(await fates(it, ids)).toEqual(['ada@example.com failed'])
  })

  test('a bounce of mail whose last reply was lost ends its retries', async () => {
    it.answers.set('ada@example.com', {
      result: 'temporary',
      host: 'mx',
      replyCode: null,
      enhancedCode: null,
      text: 'cut',
    })
    const { ids, path } = await sent('ada@example.com')
    expect(await fates(it, ids)).toEqual(['ada@example.com queued'])
    await it.mail(path, bounceMail('ada@example.com'), nobody)
    expect(await fates(it, ids)).toEqual(['ada@example.com failed'])
    expect(await it.app.store.read.outbound.nextDue()).toBeUndefined()
  })

  test('an automatic reply is ordinary mail', async () => {
    const { ids, path, messageId } = await sent('ada@example.com')
    const away = `From: ada@example.com\nTo: x\nSubject: Out of office\nAuto-Submitted: auto-replied\nIn-Reply-To: ${messageId}\n\nAway\n`
    await it.mail(path, away, nobody)
    expect(await fates(it, ids)).toEqual(['ada@example.com sent'])
  })
})
