import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { findCodes } from './codes.ts'

interface Case {
  text: string
  code: string | null
  accept?: string[]
  doubtful?: string
}

const bare = (code: string) => code.replace(/[ -]/g, '')

describe('the public corpus of codes', () => {
  it('is read as its authors expect', () => {
    const path = join(import.meta.dirname, '../../../../shared/corpora/codes/codes.json')
    const cases = (JSON.parse(readFileSync(path, 'utf8')) as Case[]).filter((c) => c.doubtful === undefined)
    const failed = cases.filter((c) => {
      const found = findCodes(null, c.text)[0]?.value ?? null
      return c.code === null || found === null
        ? found !== c.code
        : ![c.code, ...(c.accept ?? [])].map(bare).includes(bare(found))
    })
    console.log(`codes: ${cases.length - failed.length} of ${cases.length}`)
    expect(cases.length - failed.length).toBeGreaterThanOrEqual(73)
  })
})

const values = (text: string, subject: string | null = null) => findCodes(subject, text).map((found) => found.value)

describe('findCodes', () => {
  it.each([
    [
      'Hello Ann,\n\nEnter this code to sign in:\n\n    482 193\n\nIt expires in 10 minutes.\n\n© 2026 Example Inc., 94103 San Francisco, CA',
      '482193',
    ],
    [
      'Here is the code you asked for. Type it in the window that is still open and do not share it with anyone.\n\n739201\n',
      '739201',
    ],
    ['Your code is 2048.', '2048'],
    ['Your Steam Guard code:\n\n5N2QR\n', '5N2QR'],
    ['Sign-in code: ABCD-EF12', 'ABCD-EF12'],
    ['Ihr Bestätigungscode lautet: 552831. Er gilt 15 Minuten.', '552831'],
    ['Votre code de vérification est 552831.', '552831'],
    ['Tu código de verificación es 552831', '552831'],
    ['Il tuo codice di verifica è 552831', '552831'],
    ['Seu código de verificação é 552831', '552831'],
    ['Je verificatiecode is 552831', '552831'],
    ['Twój kod weryfikacyjny to 552831', '552831'],
    ['Код подтверждения: 552831. Никому его не сообщайте.', '552831'],
    ['Din verifieringskod är 552831', '552831'],
    ['Din bekræftelseskode er 552831', '552831'],
    ['Vahvistuskoodisi on 552831', '552831'],
    ['Váš ověřovací kód je 552831', '552831'],
    ['Doğrulama kodunuz: 552831', '552831'],
    ['Mã xác nhận của bạn là 552831', '552831'],
    ['Kode verifikasi Anda adalah 552831', '552831'],
    ['رمز التحقق الخاص بك هو 552831', '552831'],
    ['認証コード：552831', '552831'],
    ['【示例】您的验证码为552831，5分钟内有效', '552831'],
    ['[예시] 인증번호 [552831]를 입력해 주세요', '552831'],
    ['552831 is your one-time passcode', '552831'],
    ['5 5 2 8 3 1 is your code', '552831'],
    ['Your verification code\n\n5\n5\n2\n8\n3\n1\n', '552831'],
    ['Your code is 12 34 56', '123456'],
    ['Your login code: 4F7K-9Q2M', '4F7K-9Q2M'],
    ['Your Steam code is 5N2QR', '5N2QR'],
    ['Ihre TAN: 884412 für Überweisung über 1.234,56 EUR auf DE89370400440532013000', '884412'],
    ['FB-12345 is your Facebook confirmation code', '12345'],
    [
      'Use the verification code below:\n\n884412\n\nExample Inc., 1234 Main Street, Suite 5000, Springfield, IL 62701',
      '884412',
    ],
  ])('finds the code in %j', (text, code) => {
    expect(values(text)[0]).toBe(code)
  })

  it('looks at the subject too', () => {
    expect(findCodes('552831 is your Example code', 'Hello')).toEqual([
      { value: '552831', kind: 'code', confidence: 0.87 },
    ])
  })

  it('calls a bare number doubtful', () => {
    expect(findCodes(null, ' 2715\n')).toEqual([{ value: '2715', kind: 'code', confidence: 0.4 }])
  })

  it.each([
    ...[
      '',
      'Hello',
      'Your order 123456 was shipped on 2026-10-05.',
      'Invoice 20481 over $1299.00 is due in 2026.',
      'Call +1 (415) 555-0100 or 030 12345678.',
    ],
    ...[
      'Use promo code SAVE2026 for 20 % off',
      'ZIP code 94103',
      'Booking confirmation for order #884213',
      'Error code 0404 in line 1234',
    ],
    ...[
      'We met in 2024 and 2025, 1500 people came.',
      'https://example.com/verify?code=123456',
      'Your password was changed at 10:30 on 05.10.2026.',
    ],
    ...[
      'See https://example.com/a/123456 for the security news',
      'Your card ending in 1234 was used.',
      'Rechnung Nr. 4711234, Kundennummer 12345678',
    ],
  ])('finds none in %j', (text) => {
    expect(values(text)).toEqual([])
  })

  it('never throws, and answers with short values and a confidence between 0 and 1', () => {
    const piece = fc.constantFrom(
      'code',
      ' ',
      ': ',
      '123456',
      '1',
      '-',
      'G-',
      '\n',
      'OTP',
      '验证码',
      '.',
      'A1',
      '$',
      'is ',
    )
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(piece).map((pieces) => pieces.join('')),
    )
    fc.assert(
      fc.property(text, (source) =>
        findCodes(source, source).every((c) => c.value.length <= 12 && c.confidence > 0 && c.confidence <= 1),
      ),
      { numRuns: 500 },
    )
  })

  it.each([
    ...[
      '1',
      '1 ',
      '123456 ',
      'code ',
      'code 1234 ',
      'verif',
      'a',
      'A',
      'a1',
      'A-',
      '1-',
      '\n',
      ' ',
      'otp\n1234\n',
      '验证码',
      'one-time ',
      'код ',
      '2fa',
      'AB1-CD2 code ',
    ],
  ])('takes bounded time on a megabyte of %j', (unit) => {
    const text = unit.repeat(Math.ceil(1_000_000 / unit.length))
    const before = performance.now()
    findCodes(text, text)
    expect(performance.now() - before).toBeLessThan(2000)
  })
})
