import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type MailboxId, newId, type OrgId, type WebhookId } from '../../src/core/ids.ts'
import type { Mailbox } from '../../src/core/mailboxes/model.ts'
import type { NewWebhook, WebhookChange } from '../../src/core/webhooks/commands.ts'
import type { Webhook, WebhookDelivery } from '../../src/core/webhooks/model.ts'
import { buildMailbox, buildOrganization, fileMail, type Owner, unique, wholeReach } from '../support/builders.ts'
import type { Opened } from './open.ts'

export function webhooksContract(opened: () => Opened): void {
  describe('webhooks', () => {
    let it: Opened
    let owner: Owner
    let box: Mailbox
    /** Nobody's webhooks want what comes here. */
    let marks: Mailbox
    beforeAll(async () => {
      it = opened()
      marks = await buildMailbox(it.store)
    })
    // Organizations of their own, and nothing left to claim from the tests before.
    beforeEach(async () => {
      await drain()
      owner = await buildOrganization(it.store)
      box = await buildMailbox(it.store, owner)
    })

    const newWebhook = (fields: Partial<NewWebhook> = {}): NewWebhook => {
      const id = newId<WebhookId>()
      return {
        ...{ id, orgId: owner.organization.id, projectId: owner.project.id, style: 'agents' },
        url: `https://${unique('hook')}.example.com/in`,
        topics: ['message.received'],
        ...{
          allMailboxes: true,
          mailboxIds: [],
          projectIds: [],
          secretOwner: `webhook:${id}`,
          headerNames: [],
          sealedHeaders: null,
        },
        ...{ options: {}, clientId: null },
        ...fields,
      }
    }
    const create = async (fields: Partial<NewWebhook> = {}, limit: number | null = null) => {
      const webhook = newWebhook(fields)
      const secret = { owner: webhook.secretOwner, orgId: webhook.orgId, sealed: 'sealed' }
      return it.store.run('webhooks.create', { webhook, secret, limit })
    }
    const made = async (fields: Partial<NewWebhook> = {}) => (await create(fields)).webhook
    const change = (webhook: Webhook, fields: WebhookChange, maxMailboxes = 100) =>
      it.store.run('webhooks.update', { orgId: webhook.orgId, id: webhook.id, change: fields, maxMailboxes })
    const get = (webhook: Webhook) => it.store.read.webhooks.get(webhook.orgId, webhook.id)

    /** On PostgreSQL an entry is numbered right after its commit, in order: when the newest is there, all are. */
    const settled = async () => {
      const before = await it.store.read.events.position()
      const { messageId } = await fileMail(it.store, marks)
      const seen = async () => (await it.store.read.events.after(before, 1000)).some((e) => e.messageId === messageId)
      await expect.poll(seen, { interval: 2 }).toBe(true)
    }
    const follow = async () => {
      await settled()
      while ((await it.store.run('webhooks.follow', { limit: 100 })) > 0);
    }
    const claim = (limit = 100, except: OrgId[] = []) =>
      it.store.run('webhooks.claim', { leaseMs: 30_000, limit, except })
    const drain = async () => {
      await follow()
      for (let rows = await claim(); rows.length > 0; rows = await claim()) await cancel(rows)
      it.clock.advance(31_000)
      for (let rows = await claim(); rows.length > 0; rows = await claim()) await cancel(rows)
    }
    const cancel = async (rows: WebhookDelivery[]) => {
      for (const { orgId, id } of rows) await it.store.run('webhooks.cancel', { orgId, id })
    }
    const answered = (delivery: WebhookDelivery, status: number | null, retryAfterSeconds: number | null = null) => {
      const { orgId, id } = delivery
      const at = it.clock.now()
      const error = status === null ? ('timeout' as const) : null
      const attempt = { at, url: 'https://x.example/', status, error, durationMs: 7, answer: 'told' }
      return it.store.run('webhooks.record', { orgId, id, attempt, retryAfterSeconds, random: 0.5 })
    }
    const log = async (webhook: Webhook) =>
      (await it.store.read.webhooks.deliveries(webhook.orgId, { webhookId: webhook.id }, { limit: 1000 })).items
    const mail = async (count = 1, to = box) => {
      for (let i = 0; i < count; i++) await fileMail(it.store, to)
      await follow()
    }

    test('a webhook is read as it was made, by its organization only', async () => {
      const { webhook, created, newSecret } = await create({ clientId: 'mine', options: { a: [1] } })
      expect({ created, newSecret }).toEqual({ created: true, newSecret: true })
      const { webhooks } = it.store.read
      expect(await get(webhook)).toEqual(webhook)
      expect(webhook).toMatchObject({ enabled: true, failures: 0, createdAt: it.clock.now(), options: { a: [1] } })
      expect(await webhooks.byClientId(webhook.orgId, ['agents'], 'mine')).toEqual(webhook)
      expect(await webhooks.byClientId(webhook.orgId, ['automation'], 'mine')).toBeUndefined()
      expect(await webhooks.list(wholeReach(webhook.orgId), { styles: ['agents'] }, { limit: 9 })).toEqual({
        items: [webhook],
        total: 1,
      })
      const stranger = newId<OrgId>()
      expect(await webhooks.get(stranger, webhook.id)).toBeUndefined()
      expect(await webhooks.list(wholeReach(stranger), {}, { limit: 9 })).toEqual({ items: [], total: 0 })
      expect(await webhooks.secret(webhook.secretOwner)).toMatchObject({ sealed: 'sealed', previousSealed: null })
    })

    test('the same client id with the same url answers the same webhook; with another one it is a conflict', async () => {
      const url = 'https://same.example.com/'
      const first = await create({ clientId: 'twin', url })
      expect(await create({ clientId: 'twin', url })).toEqual({
        ...{ webhook: first.webhook, created: false, newSecret: false },
      })
      await expect(create({ clientId: 'twin' })).rejects.toMatchObject({ code: 'conflict' })
      expect(await create({ clientId: 'twin', style: 'agents-v0' })).toMatchObject({ created: false })
    })

    test('creates at the same moment do not pass the limit together', async () => {
      const all = await Promise.allSettled(Array.from({ length: 8 }, () => create({}, 3)))
      expect(all.filter((one) => one.status === 'fulfilled')).toHaveLength(3)
      const [refused] = all.filter((one) => one.status === 'rejected')
      expect(refused?.reason).toMatchObject({ code: 'limit_reached' })
    })

    test('a filter of projects takes everything in them, now and to come, and what is verified there', async () => {
      const place = { orgId: owner.organization.id, name: 'filtered', clientId: null }
      const { project } = await it.store.run('accounts.create-project', place)
      const topics: NewWebhook['topics'] = ['message.received', 'domain.verified']
      const webhook = await made({ allMailboxes: false, projectIds: [project.id], topics })
      const inside = await buildMailbox(it.store, { ...owner, project })
      await mail(1, inside)
      await mail(1, box)
      expect((await log(webhook)).map(({ event }) => event.mailboxId)).toEqual([inside.id])
      const nowhere = { mailboxId: null, threadId: null, messageId: null }
      const verified = { ...nowhere, orgId: owner.organization.id, type: 'domain.verified' as const }
      await it.write(async (tx) => {
        await tx.events.append({ ...verified, payload: { projectId: project.id } })
        await tx.events.append({ ...verified, payload: { projectId: owner.project.id } })
      })
      await expect
        .poll(async () => {
          await follow()
          return (await log(webhook)).length
        })
        .toBe(2)
      expect((await change(webhook, { removeProjectIds: [project.id], addMailboxIds: [box.id] })).projectIds).toEqual(
        [],
      )
    })

    test('what is seen from inside a project or a mailbox is about nothing else', async () => {
      const place = { orgId: owner.organization.id, name: 'seen', clientId: null }
      const { project } = await it.store.run('accounts.create-project', place)
      const inside = await buildMailbox(it.store, { ...owner, project })
      const second = await buildMailbox(it.store, { ...owner, project })
      const only = { allMailboxes: false }
      const ofProject = await made({ ...only, projectIds: [project.id] })
      const ofMailbox = await made({ ...only, mailboxIds: [inside.id] })
      const ofBoth = await made({ ...only, mailboxIds: [inside.id, second.id] })
      await made({ ...only, mailboxIds: [inside.id, box.id] })
      await made({ ...only, projectIds: [project.id, owner.project.id] })
      await made()
      const { within, list } = it.store.read.webhooks
      const fromProject = { ...wholeReach(place.orgId), projectId: project.id }
      const fromMailbox = { ...fromProject, mailboxId: inside.id }
      const ids = async (reach: typeof fromProject) => (await list(reach, {}, { limit: 99 })).items.map(({ id }) => id)
      expect((await ids(fromProject)).toSorted()).toEqual([ofProject.id, ofMailbox.id, ofBoth.id].toSorted())
      expect(await ids(fromMailbox)).toEqual([ofMailbox.id])
      expect(await within(fromProject, ofProject.id)).toEqual(ofProject)
      expect(await within(fromMailbox, ofProject.id)).toBeUndefined()
      expect(await within({ ...fromProject, projectId: owner.project.id }, ofProject.id)).toBeUndefined()
    })

    test('a deleted project leaves the filters, and a webhook with nothing else is switched off', async () => {
      const place = { orgId: owner.organization.id, name: 'gone', clientId: null }
      const { project } = await it.store.run('accounts.create-project', place)
      const only = await made({ allMailboxes: false, projectIds: [project.id] })
      const both = await made({ allMailboxes: false, projectIds: [project.id], mailboxIds: [box.id] })
      await it.store.run('accounts.delete-project', { orgId: place.orgId, id: project.id })
      expect(await get(only)).toMatchObject({ enabled: false, disabledReason: 'filter_empty', projectIds: [] })
      expect(await get(both)).toMatchObject({ enabled: true, projectIds: [], mailboxIds: [box.id] })
    })

    test('a filter may name live mailboxes of the organization only', async () => {
      const other = await buildMailbox(it.store)
      for (const id of [other.id, newId<MailboxId>()]) {
        await expect(made({ allMailboxes: false, mailboxIds: [id] })).rejects.toMatchObject({ code: 'not_found' })
      }
      const webhook = await made({ allMailboxes: false, mailboxIds: [box.id] })
      await expect(change(webhook, { addMailboxIds: [other.id] })).rejects.toMatchObject({ code: 'not_found' })
      const second = await buildMailbox(it.store, owner)
      await expect(change(webhook, { addMailboxIds: [second.id] }, 1)).rejects.toMatchObject({ code: 'invalid' })
      const widened = await change(webhook, { addMailboxIds: [second.id, box.id] })
      expect(widened.mailboxIds).toEqual([box.id, second.id])
      expect((await change(webhook, { removeMailboxIds: [box.id] })).mailboxIds).toEqual([second.id])
      const { list } = it.store.read.webhooks
      expect((await list(wholeReach(webhook.orgId), { mailboxId: second.id }, { limit: 9 })).total).toBe(1)
      expect((await list(wholeReach(webhook.orgId), { mailboxId: box.id }, { limit: 9 })).total).toBe(0)
    })

    test('an event becomes one delivery for each webhook that wants it', async () => {
      const second = await buildMailbox(it.store, owner)
      const wanting = [await made(), await made({ allMailboxes: false, mailboxIds: [box.id] })]
      const others = [
        await made({ topics: ['message.sent'] }),
        await made({ allMailboxes: false, mailboxIds: [second.id] }),
        await made({ topics: ['message.received.spam'] }),
      ]
      await mail()
      const claimed = await claim()
      expect(claimed.map((d) => d.webhookId).sort()).toEqual(wanting.map((w) => w.id).sort())
      expect(claimed[0]?.event).toMatchObject({ type: 'message.received', topic: 'message.received', test: false })
      expect(claimed[0]?.event.mailboxId).toBe(box.id)
      for (const webhook of others) expect(await log(webhook)).toEqual([])
    })

    test('events from before a webhook was made, or while it was disabled, are not for it', async () => {
      await fileMail(it.store, box)
      await follow()
      const webhook = await made()
      await follow()
      expect(await log(webhook)).toEqual([])
      await mail()
      expect(await log(webhook)).toHaveLength(1)
      await change(webhook, { enabled: false })
      expect((await log(webhook)).map((d) => d.state)).toEqual(['cancelled'])
      await mail()
      await change(webhook, { enabled: true })
      await follow()
      expect(await log(webhook)).toHaveLength(1)
      await mail()
      expect(await log(webhook)).toHaveLength(2)
    })

    test('followers at the same moment give each event once', async () => {
      const webhook = await made()
      for (let i = 0; i < 30; i++) await fileMail(it.store, box)
      await settled()
      while (await it.store.read.webhooks.behind()) {
        await Promise.all(Array.from({ length: 6 }, () => it.store.run('webhooks.follow', { limit: 7 })))
      }
      expect(await log(webhook)).toHaveLength(30)
    })

    test('a delivery is leased by one worker, and free again when the lease is over', async () => {
      await made()
      await mail()
      const [first] = await claim()
      expect(await claim()).toEqual([])
      expect(await it.store.read.webhooks.nextDue([])).toBe(it.clock.now() + 30_000)
      it.clock.advance(30_000)
      const [second] = await claim()
      expect(second?.id).toBe(first?.id)
      await it.store.run('webhooks.release', { ids: [second!.id] })
      expect((await claim())[0]?.id).toBe(first?.id)
      await answered(first!, 200)
      expect(await it.store.read.webhooks.nextDue([])).toBeUndefined()
    })

    test('a lane never has more under way than its slots, and a full one hides no other', async () => {
      const [busy, quiet] = [await made(), await made({ topics: ['message.received'] })]
      await mail(12)
      const first = await claim(8)
      expect(first).toHaveLength(8)
      const rest = await claim()
      const all = [...first, ...rest]
      for (const webhook of [busy, quiet]) expect(all.filter((d) => d.webhookId === webhook.id)).toHaveLength(5)
      expect(await claim()).toEqual([])
      const done = all.find((d) => d.webhookId === quiet.id)
      await answered(done!, 204)
      expect((await claim()).map((d) => d.webhookId)).toEqual([quiet.id])
    })

    test('webhooks of one host share its slots, each organization for itself', async () => {
      const shared = { style: 'automation' as const, allMailboxes: false, mailboxIds: [box.id] }
      await made({ ...shared, url: 'https://flows.example.com/a' })
      await made({ ...shared, url: 'https://flows.example.com/b' })
      await mail(4)
      expect(await claim()).toHaveLength(4)
      const mine = owner.organization.id
      owner = await buildOrganization(it.store)
      box = await buildMailbox(it.store, owner)
      await made({ ...shared, mailboxIds: [box.id], url: 'https://flows.example.com/c' })
      await mail(2)
      expect((await claim(9, [owner.organization.id])).length).toBe(0)
      expect((await claim(9, [mine])).length).toBe(2)
    })

    test('twenty workers at once never get the same delivery', async () => {
      for (let i = 0; i < 4; i++) await made()
      await mail(5)
      const claimed = (await Promise.all(Array.from({ length: 20 }, () => claim(2)))).flat()
      claimed.push(...(await claim()))
      expect(claimed).toHaveLength(20)
      expect(new Set(claimed.map((d) => d.id)).size).toBe(20)
    })

    test('a failed attempt is on record and comes again by the calendar until the last', async () => {
      const webhook = await made()
      await mail()
      const waits = [5, 300, 1800, 7200, 18_000, 36_000, 36_000]
      for (const [i, seconds] of waits.entries()) {
        const [delivery] = await claim()
        await answered(delivery!, i % 2 ? 500 : null)
        expect((await log(webhook))[0]).toMatchObject({ state: 'pending', attemptCount: i + 1, leaseUntil: null })
        expect(await it.store.read.webhooks.nextDue([])).toBe(it.clock.now() + seconds * 1000)
        it.clock.advance(seconds * 1000 - 1)
        expect(await claim()).toEqual([])
        it.clock.advance(1)
      }
      const [last] = await claim()
      await answered(last!, 302)
      const [dead] = await log(webhook)
      expect(dead).toMatchObject({ state: 'dead', attemptCount: 8, nextAttemptAt: null })
      expect(dead?.attempts.map((a) => a.status)).toEqual([null, 500, null, 500, null, 500, null, 302])
      expect(dead?.attempts[0]).toMatchObject({ error: 'timeout', durationMs: 7, answer: 'told' })
      expect(await get(webhook)).toMatchObject({ enabled: true, failures: 8 })
    })

    test('a receiver that asks for patience gets it, up to a day', async () => {
      await made()
      await mail()
      const [delivery] = await claim()
      await answered(delivery!, 503, 90)
      expect(await it.store.read.webhooks.nextDue([])).toBe(it.clock.now() + 90_000)
      it.clock.advance(90_000)
      await claim()
      await answered(delivery!, 429, 1_000_000)
      expect(await it.store.read.webhooks.nextDue([])).toBe(it.clock.now() + 86_400_000)
      it.clock.advance(86_400_000)
      await claim()
      await answered(delivery!, 500, 9999)
      expect(await it.store.read.webhooks.nextDue([])).toBe(it.clock.now() + 1_800_000)
    })

    test('410 ends the delivery, switches an agents webhook off and drops what else waits for it', async () => {
      const webhook = await made()
      await mail(2)
      const [delivery] = await claim(1)
      await answered(delivery!, 410)
      expect(await get(webhook)).toMatchObject({ enabled: false, disabledReason: 'gone' })
      expect((await log(webhook)).map((d) => d.state).sort()).toEqual(['cancelled', 'dead'])
      expect(await claim()).toEqual([])
    })

    test('nothing but failures for five days switches a webhook off; a success begins anew', async () => {
      const webhook = await made()
      await mail()
      await answered((await claim())[0]!, 500)
      it.clock.advance(4 * 86_400_000)
      await answered((await claim())[0]!, 200)
      expect(await get(webhook)).toMatchObject({ failures: 0, failingSince: null })
      await mail()
      await answered((await claim())[0]!, 500)
      it.clock.advance(5 * 86_400_000 - 1)
      await answered((await claim())[0]!, 500)
      expect(await get(webhook)).toMatchObject({ enabled: true, failures: 2 })
      await mail()
      it.clock.advance(1)
      await answered((await claim())[0]!, 500)
      expect(await get(webhook)).toMatchObject({ enabled: false, disabledReason: 'failing' })
      const again = await change(webhook, { enabled: true })
      expect(await get(webhook)).toEqual(again)
      expect(again).toMatchObject({ enabled: true, disabledReason: null, failures: 0, failingSince: null })
    })

    test('after twenty straight failures an automation webhook has a pause, and what is new waits too', async () => {
      const webhook = await made({ style: 'automation', allMailboxes: false, mailboxIds: [box.id] })
      await mail(24)
      for (let i = 0; i < 20; i++) await answered((await claim(1))[0]!, 500)
      const until = it.clock.now() + 300_000
      expect(await get(webhook)).toMatchObject({ enabled: true, failures: 20, pausedUntil: until })
      await mail()
      expect(await claim()).toEqual([])
      expect(await it.store.read.webhooks.nextDue([])).toBe(until)
      it.clock.advance(300_000)
      const [probe] = await claim(1)
      await answered(probe!, 200)
      expect(await get(webhook)).toMatchObject({ failures: 0, pausedUntil: null })
      expect(await claim()).toHaveLength(4)
    })

    test('a disabled or deleted webhook drops what waits; what was under way stays on record as it went', async () => {
      const webhook = await made()
      await mail(3)
      const [sent, failed] = await claim(2)
      await it.store.run('webhooks.delete', { orgId: webhook.orgId, id: webhook.id })
      expect(await get(webhook)).toBeUndefined()
      expect(await it.store.read.webhooks.secret(webhook.secretOwner)).toBeUndefined()
      await answered(sent!, 200)
      await answered(failed!, 500)
      expect((await log(webhook)).map((d) => d.state).sort()).toEqual(['cancelled', 'cancelled', 'delivered'])
      expect(await claim()).toEqual([])
    })

    test('a deleted mailbox leaves every filter; an empty filter switches the webhook off', async () => {
      const second = await buildMailbox(it.store, owner)
      const both = await made({ allMailboxes: false, mailboxIds: [box.id, second.id] })
      const only = await made({ allMailboxes: false, mailboxIds: [box.id] })
      const property = await made({ style: 'automation', allMailboxes: false, mailboxIds: [box.id] })
      const all = await made()
      await mail()
      await it.store.run('mailboxes.delete', { orgId: box.orgId, id: box.id })
      expect(await get(both)).toMatchObject({ enabled: true, mailboxIds: [second.id] })
      expect(await get(only)).toMatchObject({ enabled: false, disabledReason: 'filter_empty', mailboxIds: [] })
      expect(await get(property)).toBeUndefined()
      expect(await get(all)).toMatchObject({ enabled: true, allMailboxes: true })
      expect(await claim()).toEqual([])
      await expect(change(only, { enabled: true })).rejects.toMatchObject({ code: 'invalid' })
      expect(await change(only, { enabled: true, mailboxIds: [second.id] })).toMatchObject({ enabled: true })
      while (!(await it.store.run('mailboxes.purge', { id: box.id, limit: 2 })).done);
      expect(await log(all)).toEqual([])
    })

    test('what waits follows the webhook to its new url', async () => {
      const url = (host: string) => `https://${host}.example.com/`
      const webhook = await made({ style: 'automation', allMailboxes: false, mailboxIds: [box.id], url: url('old') })
      await mail(6)
      const under = await claim()
      expect(under).toHaveLength(4)
      await change(webhook, { url: url(unique('new')) })
      await answered(under[0]!, 500)
      expect(await claim()).toHaveLength(1)
      it.clock.advance(10_000)
      await answered(under[1]!, 200)
      expect((await claim()).map((d) => d.attemptCount).sort()).toEqual([0])
    })

    test('a rotated secret leaves the one before signing for a day', async () => {
      const webhook = await made()
      const { secretOwner: name, orgId } = webhook
      const rotated = await it.store.run('webhooks.rotate-secret', { owner: name, orgId, sealed: 'second' })
      const previousUntil = it.clock.now() + 86_400_000
      expect(rotated).toMatchObject({ sealed: 'second', previousSealed: 'sealed', previousUntil })
      expect(await it.store.read.webhooks.secret(name)).toEqual(rotated)
      const kept = await it.store.run('webhooks.ensure-secret', { owner: name, orgId, sealed: 'third' })
      expect(kept).toEqual({ secret: rotated, created: false })
    })

    test('a replay is a delivery of its own with the same event', async () => {
      const webhook = await made()
      await mail()
      const [first] = await claim()
      await answered(first!, 200)
      const again = await it.store.run('webhooks.replay', { orgId: webhook.orgId, id: first!.id })
      expect(again).toMatchObject({ replay: true, state: 'pending', attemptCount: 0, event: first!.event })
      expect((await claim()).map((d) => d.id)).toEqual([again.id])
      await expect(it.store.run('webhooks.replay', { orgId: newId<OrgId>(), id: first!.id })).rejects.toMatchObject({
        code: 'not_found',
      })
      await change(webhook, { enabled: false })
      await expect(it.store.run('webhooks.replay', { orgId: webhook.orgId, id: first!.id })).rejects.toMatchObject({
        code: 'conflict',
      })
    })

    test('the log is listed newest first, by topic and by success, and forgotten in its time', async () => {
      const webhook = await made()
      await mail(3)
      const [a, b] = await claim(2)
      await answered(a!, 200)
      await answered(b!, 500)
      const { deliveries } = it.store.read.webhooks
      const total = async (filter: object) => (await deliveries(webhook.orgId, filter, { limit: 0 })).total
      expect(await total({})).toBe(3)
      expect(await total({ success: true, webhookId: webhook.id })).toBe(1)
      expect(await total({ success: false, topic: 'message.received' })).toBe(1)
      expect(await total({ topic: 'message.sent' })).toBe(0)
      const times = (await log(webhook)).map((d) => d.createdAt)
      expect(times).toEqual([...times].sort((x, y) => y - x))
      expect(await it.store.read.webhooks.depth()).toBe(2)
      it.clock.advance(1)
      await it.store.run('webhooks.sweep', { before: it.clock.now(), limit: 1000 })
      expect(await total({})).toBe(2)
      expect(await total({ success: true })).toBe(0)
    })

    test('nobody is behind while no webhook is enabled, and the first one begins where the log is', async () => {
      const { items } = await it.store.read.webhooks.list(wholeReach(owner.organization.id), {}, { limit: 1 })
      expect(items).toEqual([])
      await follow()
      expect(await it.store.read.webhooks.behind()).toBe(false)
    })
  })
}
