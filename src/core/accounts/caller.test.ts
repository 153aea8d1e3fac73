import { expect, test } from 'vitest'
import { type Caller, demand, may } from './caller.ts'
import { type Permission, permissions, type Scope } from './model.ts'

const caller = (scopes: Scope[], white: Permission[] | null = null) =>
  ({ scopes, permissions: white, mailboxId: null }) as unknown as Caller

test('admin includes write, and write includes read', () => {
  const allowed = (scopes: Scope[]) => permissions.filter((p) => may(caller(scopes), p))
  expect(allowed(['admin'])).toEqual([...permissions])
  expect(allowed(['write'])).toContain('message_send')
  expect(allowed(['write'])).not.toContain('api_key_create')
  expect(allowed(['read'])).toContain('message_read')
  expect(allowed(['read']).every((p) => p.endsWith('_read'))).toBe(true)
  expect(allowed([])).toEqual([])
})

test('a white list narrows the scopes and never widens them', () => {
  expect(may(caller(['write'], ['message_read']), 'message_send')).toBe(false)
  expect(may(caller(['read'], ['message_send']), 'message_send')).toBe(false)
  expect(may(caller(['write'], ['message_send']), 'message_send')).toBe(true)
})

test('what is missing is named in the refusal', () => {
  expect(() => demand(caller(['read']), 'message_send')).toThrow(
    expect.objectContaining({ code: 'forbidden', permission: 'message_send' }),
  )
})
