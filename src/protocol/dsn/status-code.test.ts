import { describe, expect, it } from 'vitest'
import { statusFromPhrase } from './reason.ts'
import {
  findReplyCodes,
  findStatusCodes,
  mostTelling,
  parseStatusCode,
  statusClass,
  statusFromReplyCode,
} from './status-code.ts'

describe('enhanced status codes', () => {
  it.each([
    ['5.1.1', { class: 5, subject: 1, detail: 1 }],
    [' 4.4.7 ', { class: 4, subject: 4, detail: 7 }],
    ['5.7.509', { class: 5, subject: 7, detail: 509 }],
    ['3.1.1', null],
    ['5.1', null],
    ['5.1.1.1', null],
  ])('%j parses to %j', (text, code) => expect(parseStatusCode(text)).toEqual(code))

  it('have a class', () => {
    expect(statusClass('4.2.2')).toBe(4)
    expect(statusClass('nothing')).toBeNull()
  })

  it('are found in text, where addresses and versions are not', () => {
    const text = '192.0.2.5.1.1 said 550-5.1.1 no (#5.2.2); Exim 4.52, 5.1.1.2; see 4.4.1.'
    expect(findStatusCodes(text)).toEqual(['5.1.1', '5.2.2', '4.4.1'])
  })

  it('that say why are taken before those that do not', () => {
    expect(mostTelling(['5.0.0', null, '4.4.7', '5.7.1'])).toBe('5.7.1')
    expect(mostTelling(['5.0.0', undefined])).toBe('5.0.0')
    expect(mostTelling([])).toBeNull()
  })

  it.each([
    ['550', '5.0.0'],
    ['552', '5.2.2'],
    ['556', '5.1.10'],
    ['421', '4.3.2'],
    ['599', '5.0.0'],
    ['250', null],
  ])('stand behind reply code %s as %s', (reply, status) => expect(statusFromReplyCode(reply)).toBe(status))

  it.each([
    ['550 No such user here', '5.1.1'],
    ['mailbox is full', '5.2.2'],
    ['Host unknown', '5.1.2'],
    ['good morning', null],
  ])('are guessed from %j as %s', (phrase, status) => expect(statusFromPhrase(phrase)).toBe(status))
})

describe('reply codes', () => {
  it('are found where a reply stands', () => {
    expect(findReplyCodes('said: 550 5.1.1 no\n<<< 421-busy (554) port 2550 size=552 10.0.0.550')).toEqual([
      '550',
      '421',
    ])
  })
})
