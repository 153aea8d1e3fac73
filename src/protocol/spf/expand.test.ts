import { expect, test } from 'vitest'
import { expandDomain, expandText } from './expand.ts'
import { parseDomainSpec, parseMacroString } from './macro.ts'

// RFC 7208 §7.4
const values: Record<string, string> = {
  s: 'strong-bad@email.example.com',
  l: 'strong-bad',
  o: 'email.example.com',
  d: 'email.example.com',
  i: '192.0.2.3',
  v: 'in-addr',
}
const value = (letter: string) => values[letter] ?? ''

test.each([
  ['%{s}', 'strong-bad@email.example.com'],
  ['%{o}', 'email.example.com'],
  ['%{d4}', 'email.example.com'],
  ['%{d2}', 'example.com'],
  ['%{d1}', 'com'],
  ['%{dr}', 'com.example.email'],
  ['%{d2r}', 'example.email'],
  ['%{l-}', 'strong.bad'],
  ['%{lr-}', 'bad.strong'],
  ['%{l1r-}', 'strong'],
  ['%{ir}.%{v}._spf.%{d2}', '3.2.0.192.in-addr._spf.example.com'],
  ['%{lr-}.lp._spf.%{d2}', 'bad.strong.lp._spf.example.com'],
  ['%{lr-}.lp.%{ir}.%{v}._spf.%{d2}', 'bad.strong.lp.3.2.0.192.in-addr._spf.example.com'],
  ['%{d2}.trusted-domains.example.net.', 'example.com.trusted-domains.example.net'],
])('%s becomes %s', async (spec, name) => {
  expect(await expandDomain(parseDomainSpec(spec), value)).toBe(name)
})

test('a name longer than 253 characters loses labels on its left', async () => {
  const label = 'x'.repeat(49)
  const name = await expandDomain(parseDomainSpec(`${`${label}.`.repeat(8)}%{d}`), value)
  expect(name).toBe(`${`${label}.`.repeat(4)}email.example.com`)
  expect(await expandDomain(parseDomainSpec(`${'x'.repeat(300)}%{d1}`), value)).toBe('')
})

test('an upper case letter escapes everything an URL would not carry', async () => {
  const text = await expandText(parseMacroString('l=%{L} %{l}', true), () => "a+b's ~é\u212a", 100)
  expect(text).toBe("l=a%2Bb%27s%20~%C3%A9%E2%84%AA a+b's ~é\u212a")
})

test('an explanation that grows too long is given up', async () => {
  expect(await expandText(parseMacroString('%{s}'.repeat(500)), value, 2048)).toBeNull()
})
