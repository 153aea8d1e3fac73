import { expect, test } from 'vitest'
import { secretsFrom } from '../secrets.ts'
import { drawHookAddress, isGenuineHook, isHookShaped, tagOf } from './hook-address.ts'

const keys = (secret: string, hookKeys = 1, mailDomain = 'in.example.test') =>
  ({ secrets: secretsFrom(secret), settings: { mailDomain, hookKeys } }) as Parameters<typeof isGenuineHook>[0]

test("the contract's vector", () => {
  expect(tagOf(Buffer.alloc(32), 'abcd1234', 'in.example.test')).toBe('mp0fzxf7bpb449b9')
})

test('an address that is drawn is 26 characters of one alphabet, never the same, and genuine with or without a tag', () => {
  const app = keys('a')
  const drawn = Array.from({ length: 50 }, () => drawHookAddress(app))
  expect(new Set(drawn.map((one) => one.localPart)).size).toBe(50)
  for (const { localPart, domain, selector } of drawn) {
    expect(localPart).toMatch(/^h[0-9a-hjkmnp-tv-z]{8}-[0-9a-hjkmnp-tv-z]{16}$/)
    expect(localPart.slice(1, 9)).toBe(selector)
    expect(domain).toBe('in.example.test')
    expect(isGenuineHook(app, localPart)).toBe(true)
    expect(isGenuineHook(app, `${localPart}+invoices`)).toBe(true)
  }
})

test('any other character, another secret or another domain makes it a forgery', () => {
  const app = keys('a')
  const { localPart } = drawHookAddress(app)
  for (let at = 1; at < localPart.length; at++) {
    const other = localPart[at] === 'x' ? 'y' : 'x'
    expect(isGenuineHook(app, localPart.slice(0, at) + other + localPart.slice(at + 1))).toBe(false)
  }
  expect(isGenuineHook(keys('b'), localPart)).toBe(false)
  expect(isGenuineHook(keys('a', 1, 'in.other.test'), localPart)).toBe(false)
})

test('a new key makes the new addresses, and the old ones stay genuine', () => {
  const { localPart } = drawHookAddress(keys('a', 1))
  const rotated = keys('a', 2)
  expect(isGenuineHook(rotated, localPart)).toBe(true)
  const after = drawHookAddress(rotated)
  expect(isGenuineHook(rotated, after.localPart)).toBe(true)
  expect(isGenuineHook(keys('a', 1), after.localPart)).toBe(false)
})

test.each([
  ['habcd1234-mp0fzxf7bpb449b9', true],
  ['habcd1234-mp0fzxf7bpb449b9+x', true],
  ['habcd1234-mp0fzxf7bpb449bl', false],
  ['habcd123-mp0fzxf7bpb449b9', false],
  ['Habcd1234-mp0fzxf7bpb449b9', false],
  ['hello', false],
  ['', false],
])('%j has the shape: %s', (localPart, shaped) => {
  expect(isHookShaped(localPart)).toBe(shaped)
})
