import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type TestApp, testApp } from '../../../test/support/app.ts'
import { buildMailbox } from '../../../test/support/builders.ts'
import { ownerOf, send } from '../../../test/support/outbound.ts'
import type { Caller } from '../accounts/caller.ts'
import type { Mailbox } from '../mailboxes/model.ts'
import { liftSuppression, listSuppressions, suppress, unsuppress } from './suppressions.ts'

describe('the addresses an organization has stopped writing to', () => {
  let it: TestApp
  let box: Mailbox
  let owner: Caller
  beforeAll(async () => {
    it = await testApp()
  })
  afterAll(() => it[Symbol.asyncDispose]())
  beforeEach(async () => {
    box = await buildMailbox(it.app.store)
    owner = ownerOf(box)
  })
  const listed = async (caller = owner) =>
    (await listSuppressions(it.app, caller, { limit: 10 })).items.map((s) => s.address)
  const bounced = (address: string) =>
    it.app.store.run('suppressions.add', { orgId: box.orgId, address, reason: 'hard_bounce', deliveryId: null })

  test('people add and take back entries of their own, in any spelling', async () => {
    const added = await suppress(it.app, owner, 'Ada@EXAMPLE.com')
    expect(added).toMatchObject({ address: 'ada@example.com', reason: 'manual', deliveryId: null })
    await expect(send(it, box, 'ada@example.com')).rejects.toMatchObject({ code: 'rejected' })
    await unsuppress(it.app, owner, 'ADA@example.com')
    await expect(send(it, box, 'ada@example.com')).resolves.toBeTruthy()
  })

  test('what a bounce made only the operator lifts', async () => {
    await bounced('ada@example.com')
    await expect(unsuppress(it.app, owner, 'ada@example.com')).rejects.toMatchObject({ code: 'forbidden' })
    await liftSuppression(it.app, box.orgId, 'ada@example.com')
    expect(await listed()).toEqual([])
  })

  test('another organization neither sees nor feels nor lifts them', async () => {
    await suppress(it.app, owner, 'ada@example.com')
    const stranger = await buildMailbox(it.app.store)
    expect(await listed(ownerOf(stranger))).toEqual([])
    await expect(send(it, stranger, 'ada@example.com')).resolves.toBeTruthy()
    await expect(unsuppress(it.app, ownerOf(stranger), 'ada@example.com')).rejects.toMatchObject({ code: 'not_found' })
    expect(await listed()).toEqual(['ada@example.com'])
  })

  test('a key that may only read, or one of a single mailbox, changes nothing', async () => {
    const reader: Caller = { ...owner, scopes: ['read'] }
    expect(await listed(reader)).toEqual([])
    for (const caller of [reader, { ...owner, mailboxId: box.id }]) {
      await expect(suppress(it.app, caller, 'ada@example.com')).rejects.toMatchObject({ code: 'forbidden' })
      await expect(unsuppress(it.app, caller, 'ada@example.com')).rejects.toMatchObject({ code: 'forbidden' })
    }
  })

  test('what is no address is refused', async () => {
    await expect(suppress(it.app, owner, 'nobody')).rejects.toMatchObject({ code: 'invalid' })
  })
})
