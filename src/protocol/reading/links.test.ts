import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readHtml } from './html-reading.ts'
import * as links from './links.ts'

const findLinks = (text: string, html: string | null) =>
  links.findLinks(text, html === null ? [] : readHtml(html).anchors)

const kinds = (html: string) => findLinks('', html).map((link) => link.kind)

describe('findLinks', () => {
  it('reads the links of HTML with their words', () => {
    const html =
      '<p><a href="https://example.com/c?a=1&amp;t=x">Confirm <b>your</b> address</a> or <a href=http://example.com/>home</a></p>'
    expect(findLinks('', html)).toEqual([
      { href: 'https://example.com/c?a=1&t=x', text: 'Confirm your address', kind: 'verify', confidence: 0.9 },
      { href: 'http://example.com/', text: 'home', kind: 'other', confidence: 0.5 },
    ])
  })

  it('reads the links of text without the punctuation of the sentence', () => {
    const text =
      'See https://example.com/a. Or (http://example.com/b), <https://example.com/c_(d)> and HTTPS://EXAMPLE.COM/verify/1!'
    expect(findLinks(text, null).map((link) => [link.href, link.kind])).toEqual([
      ['HTTPS://EXAMPLE.COM/verify/1', 'verify'],
      ['https://example.com/a', 'other'],
      ['http://example.com/b', 'other'],
      ['https://example.com/c_(d)', 'other'],
    ])
  })

  it.each([
    ['Reset your password', 'reset'],
    ['Confirm your new password', 'reset'],
    ['Verify email address', 'verify'],
    ['Konto aktivieren', 'verify'],
    ['Potwierdź adres', 'verify'],
    ['メールアドレスを確認する', 'verify'],
    ['Sign in', 'login'],
    ['Se connecter', 'login'],
    ['Unsubscribe', 'unsubscribe'],
    ['Newsletter abbestellen', 'unsubscribe'],
    ['Read more', 'other'],
  ])('tells what %j is for', (words, kind) => {
    expect(kinds(`<a href="https://example.com/x">${words}</a>`)).toEqual([kind])
  })

  it('takes the description of an image for words, and the address where there are none', () => {
    expect(
      findLinks('', '<a href="https://a.example/x"><img alt="Activate"></a><a href="https://b.example/"></a>'),
    ).toEqual([
      { href: 'https://a.example/x', text: 'Activate', kind: 'verify', confidence: 0.9 },
      { href: 'https://b.example/', text: 'https://b.example/', kind: 'other', confidence: 0.5 },
    ])
  })

  it('takes only web addresses, each once, at most a hundred', () => {
    expect(
      kinds(
        '<a href="mailto:a@b.c">m</a><a href="javascript:alert(1)">j</a><a href="/x">r</a><a href="https://">n</a><a>v</a>',
      ),
    ).toEqual([])
    expect(findLinks('https://a.example/ https://a.example/', '<a href="https://a.example/">Home</a>')).toHaveLength(1)
    expect(findLinks(Array.from({ length: 500 }, (_, i) => `https://a.example/${i}`).join(' '), null)).toHaveLength(100)
  })

  it('never throws', () => {
    const piece = fc.constantFrom(
      '<a href="',
      'https://',
      'a.b/',
      '">',
      '</a>',
      '<img alt="',
      ' ',
      'http://[',
      '%',
      '\n',
      ')',
      'é',
    )
    const source = fc.array(piece).map((pieces) => pieces.join(''))
    fc.assert(fc.property(source, source, (text, html) => findLinks(text, html).length <= 100))
  })

  it.each([
    'https://',
    'https://a/ ',
    'https://a.b/)))',
    '<a href="https://a.b/">',
    '<a href=',
    'http:',
    '<a href=https://a.b/x>x<img alt=y>',
    ')',
  ])('takes linear time on two megabytes of %j', (unit) => {
    const source = unit.repeat(Math.ceil(2_000_000 / unit.length))
    const before = performance.now()
    findLinks(source, source)
    expect(performance.now() - before).toBeLessThan(2000)
  })
})
