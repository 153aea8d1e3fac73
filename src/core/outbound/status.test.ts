import { expect, test } from 'vitest'
import type { DeliveryStatus } from './model.ts'
import { overallStatus } from './status.ts'

test.each<[DeliveryStatus[], string]>([
  [['queued'], 'queued'],
  [['queued', 'sending'], 'queued'],
  [['sent', 'queued'], 'sent'],
  [['captured', 'captured'], 'sent'],
  [['delivered', 'delivered'], 'delivered'],
  [['delivered', 'sent'], 'sent'],
  [['delivered', 'failed'], 'bounced'],
  [['suppressed', 'cancelled'], 'rejected'],
  [['suppressed', 'delivered'], 'delivered'],
])('deliveries %j together are %s', (states, expected) => {
  expect(overallStatus(states.map((status) => ({ status })))).toBe(expected)
})
