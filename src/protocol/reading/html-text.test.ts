import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { htmlToText } from './html-text.ts'

describe('htmlToText', () => {
  it.each([
    ['<p>One</p><p>Two</p>', 'One\n\nTwo'],
    ['<div>One</div><div>Two</div>', 'One\nTwo'],
    ['One<br>Two<br><br>Three', 'One\nTwo\n\nThree'],
    ['<div>One</div><div><br></div><div>Two</div>', 'One\n\nTwo'],
    ['  Many \n\t words&nbsp;  here ', 'Many words here'],
    ['a<b>b</b> <i>c</i>', 'ab c'],
    ['<ul><li>One</li><li>Two<ol><li>In</li><li>Side</li></ol></li></ul>', '- One\n- Two\n  1. In\n  2. Side'],
    ['<table><tr><td>Code</td><td>1234</td></tr><tr><td>Name<td>Ann</table>', 'Code 1234\nName Ann'],
    ['<pre>a  b\n  c</pre>', 'a  b\n  c'],
    [
      'Tom &amp; Ann &lt;a@b.c&gt; &#8364;&#x20AC;&euro; &copy 5 &unknown; &#0; &#146;',
      'Tom & Ann <a@b.c> €€€ © 5 &unknown; \ufffd ’',
    ],
    ['See <a href="https://example.com/?a=1&copy=2">the page</a>.', 'See the page.'],
    ['<html><head><title>T</title><style>a{}</style></head><body>Hi</body></html>', 'Hi'],
    ['<head><meta name=x><p>Head without an end', 'Head without an end'],
    ['<script>if (a < b) "</p>"</script>Hi<style>x</style>', 'Hi'],
    ['<!-- <p>no</p> -->Hi<!--[if mso]><p>no</p><![endif]--><![if !mso]>!<![endif]><?xml no?>', 'Hi!'],
    ['<div style="display: none">Preheader</div>Hi', 'Hi'],
    ['<span style="color:red;max-height:0px; overflow:hidden">Pre</span>Hi<p hidden>no<p>yes', 'Hi\n\nyes'],
    ['<div style="display:none"><div>a</div>b</div>c', 'c'],
    ['<div style="display:none">Only this</div>', 'Only this'],
    ['<img src="x" alt="A picture"><br>', 'A picture'],
    ['a < b and 3 <4', 'a < b and 3 <4'],
    ['<a title="x>y">Hi</a>', 'Hi'],
    ['<p>Un<b>closed <div>tags', 'Unclosed\ntags'],
    ['Tail <b unfinished="', 'Tail'],
    ['<p>&zwnj;&nbsp;&zwnj;</p>Words', 'Words'],
    ['soft&shy;hyphen', 'softhyphen'],
    ['', ''],
  ])('reads %j', (html, text) => {
    expect(htmlToText(html)).toBe(text)
  })

  it('never throws', () => {
    const piece = fc.constantFrom(
      '<',
      '>',
      '<div',
      '</div>',
      '<p>',
      '<!--',
      '-->',
      '"',
      "'",
      '=',
      '&',
      '&#',
      ';',
      'x',
      ' ',
      '<style>',
      '<li>',
      '<pre>',
      '\n',
    )
    const html = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(piece).map((pieces) => pieces.join('')),
    )
    fc.assert(
      fc.property(html, (source) => typeof htmlToText(source) === 'string'),
      { numRuns: 500 },
    )
  })

  it.each([
    ['nested blocks', '<div>'],
    ['closed blocks', '</div>'],
    ['nested hidden blocks', '<div style="display:none">'],
    ['list items', '<ul><li>'],
    ['comments without end', '<!--'],
    ['tags without end', '<a '],
    ['quotes without end', '<a b="'],
    ['lesser signs', '<'],
    ['ampersands', '&#'],
    ['styles', '<style></'],
    ['blanks', ' '],
    ['attributes', ' a=b'],
    ['line ends in pre', '\n'],
  ])('takes linear time on two megabytes of %s', (_, unit) => {
    const before = performance.now()
    htmlToText(`<pre ${unit.repeat(Math.ceil(2_000_000 / unit.length))}`)
    htmlToText(unit.repeat(Math.ceil(2_000_000 / unit.length)))
    expect(performance.now() - before).toBeLessThan(2000)
  })
})
