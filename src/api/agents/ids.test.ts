import fc from 'fast-check'
import { expect, test } from 'vitest'
import { newId } from '../../core/ids.ts'
import { parseId, parseInboxRef, parseMessageRef, printId } from './ids.ts'

const nothing = '00000000-0000-0000-0000-000000000000'

test('every id is printed in 26 characters behind its prefix and read back', () => {
  fc.assert(
    fc.property(fc.uuid(), fc.constantFrom('inbox', 'message', 'key', 'organization'), (uuid, kind) => {
      expect(parseId(kind, printId(kind, uuid))).toBe(uuid)
    }),
  )
  expect(printId('message', 'ffffffff-ffff-ffff-ffff-ffffffffffff')).toBe('msg_7zzzzzzzzzzzzzzzzzzzzzzzzz')
  expect(printId('inbox', newId())).toMatch(/^[0-7][0-9a-hjkmnp-tv-z]{25}$/)
})

test('what is malformed names nothing', () => {
  const good = printId('message', newId())
  const wrong = [
    '',
    'msg_',
    good.slice(4),
    good.toUpperCase(),
    `${good}0`,
    good.replace('msg_', 'thr_'),
    'msg_8zzzzzzzzzzzzzzzzzzzzzzzzz',
    'msg_0000000000000000000000000u',
    newId(),
  ]
  for (const text of wrong) expect(parseId('message', text)).toBe(nothing)
})

test('no text can make the reader fail', () => {
  fc.assert(fc.property(fc.string(), (text) => void parseId('inbox', text)))
})

test('inboxes are also named by address, and messages by Message-ID', () => {
  expect(parseInboxRef('A@b.example')).toBe('A@b.example')
  expect(parseMessageRef('<x@y>')).toBe('<x@y>')
})
