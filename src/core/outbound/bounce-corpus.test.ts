import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type TestApp, testApp } from '../../../test/support/app.ts'
import { buildMailbox, buildOrganization, newOutbound } from '../../../test/support/builders.ts'
import { returnPathOf } from './return-path.ts'

const CORPUS = join(import.meta.dirname, '../../../../shared/corpora/bounces')

interface Case {
  file: string
  kind: 'bounce' | 'complaint' | 'delivered' | 'auto_reply'
  recipients: { address: string | null; hard: boolean; action?: string; feedback_type?: string }[]
}

/** A mail to this address that was handed over; its bounce comes in. Answers what we then know. */
async function bounce(it: TestApp, owner: Awaited<ReturnType<typeof buildOrganization>>, c: Case) {
  const box = await buildMailbox(it.app.store, owner)
  const known = /^[^\s@]+@([^\s@]+)$/.exec(c.recipients[0]?.address ?? '')
  const to = { address: known?.[0] ?? 'somebody@example.com', domain: known?.[1] ?? 'example.com' }
  await it.app.store.run('outbound.enqueue', newOutbound(box, { recipients: [to] }))
  const [delivery] = await it.app.store.run('outbound.claim', { leaseMs: 1000, limit: 1 })
  if (!delivery) throw new Error('Nothing is due')
  const { id, mailboxId, messageId } = delivery
  const outcomes = [{ id, status: 'sent' as const, nextAttemptAt: null, attempt: null }]
  await it.app.store.run('outbound.record', { mailboxId, messageId, outcomes, captured: null })
  await it.mail(returnPathOf(it.app, delivery), readFileSync(join(CORPUS, c.file)), { mailFrom: '' })
  const status = (await it.app.store.read.messages.get(mailboxId, messageId))?.status
  const held = await it.app.store.read.suppressions.among(box.orgId, [to.address.toLowerCase()])
  await it.app.store.run('suppressions.remove', { ...held[0]!, byOperator: true }).catch(() => {})
  return { status, suppressed: held.length > 0 }
}

// What the corpus calls delayed may be the end of the tries or not, and a receiver's report on our signatures is no reader's complaint.
function whatIsRight({ kind, recipients: [first] }: Case) {
  const nothing = first?.feedback_type === 'auth-failure'
  const byKind = { bounce: ['bounced'], complaint: ['complained'], delivered: ['sent'], auto_reply: ['sent'] }
  const right = nothing ? ['sent'] : first?.action === 'delayed' ? ['sent', 'bounced'] : byKind[kind]
  return { right, dead: !nothing && (kind === 'complaint' || first?.hard === true) }
}

test('real bounces and complaints reach their delivery and suppress the dead addresses', async () => {
  const cases: Case[] = JSON.parse(readFileSync(join(CORPUS, 'cases.json'), 'utf8'))
  await using it = await testApp({ settings: { route: { kind: 'direct' } } })
  const owner = await buildOrganization(it.app.store)
  const score = { cases: cases.length, status: 0, suppressed: 0, falselySuppressed: 0 }
  for (const c of cases) {
    const { status, suppressed } = await bounce(it, owner, c)
    const { right, dead } = whatIsRight(c)
    if (right.includes(status ?? '')) score.status++
    if (suppressed === dead) score.suppressed++
    if (suppressed && !dead) score.falselySuppressed++
  }
  console.log('bounces that come home:', score)
  expect(score.status).toBeGreaterThanOrEqual(268)
  expect(score.suppressed).toBeGreaterThanOrEqual(270)
  expect(score.falselySuppressed).toBeLessThanOrEqual(1)
})
