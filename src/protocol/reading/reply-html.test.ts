import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { htmlToText } from './html-text.ts'
import { extractReplyHtml } from './reply-html.ts'

const corpus = join(import.meta.dirname, '../../../../shared/corpora/replies')
const read = (name: string) => readFileSync(join(corpus, name), 'utf8')
const bare = (text: string) => text.replace(/\s+/g, '')

describe('the public corpus of HTML replies', () => {
  it('is read as its authors expect', () => {
    const cases = (JSON.parse(read('cases.json')) as { file: string; expected: string }[]).filter((c) =>
      c.file.startsWith('talon-html/'),
    )
    const failed = cases.filter((c) => bare(htmlToText(extractReplyHtml(read(c.file)))) !== bare(read(c.expected)))
    console.log(
      `replies (html): ${cases.length - failed.length} of ${cases.length}; differ: ${failed.map((c) => c.file).join(', ')}`,
    )
    expect(cases.length - failed.length).toBeGreaterThanOrEqual(9)
  })
})

const text = (html: string) => htmlToText(extractReplyHtml(html))

describe('extractReplyHtml', () => {
  it.each([
    [
      'Gmail',
      '<div dir="ltr">New</div><br><div class="gmail_quote gmail_quote_container"><div dir="ltr" class="gmail_attr">Some time, someone:<br></div><blockquote class="gmail_quote" style="margin:0"><div>Old</div></blockquote></div>',
    ],
    [
      'Apple Mail',
      '<body>New<br><div><br><blockquote type="cite"><div>On 5 Oct 2020, at 10:00, Ann wrote:</div><br><div>Old</div></blockquote></div><br></body>',
    ],
    [
      'Thunderbird',
      '<p>New</p><div class="moz-cite-prefix">Dnes, Ann:<br></div><blockquote type="cite" cite="mid:x"><pre>Old</pre></blockquote><div class="moz-signature">-- <br>Bob</div>',
    ],
    [
      'Outlook on the web',
      '<div>New</div><div id="appendonsend"></div><hr tabindex="-1" style="width:98%"><div id="divRplyFwdMsg" dir="ltr"><font><b>From:</b> Ann<br><b>Sent:</b> Monday<br></font></div><div>Old</div>',
    ],
    [
      'Outlook',
      '<div class="WordSection1"><p class="MsoNormal">New</p><div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0in 0in 0in"><p class="MsoNormal"><b>Von:</b> Ann &lt;ann@example.com&gt;<br><b>Gesendet:</b> Montag, 5. Oktober 2020 10:00<br><b>An:</b> Bob<br><b>Betreff:</b> Hi</p></div><p>Old</p></div>',
    ],
    [
      'Yahoo',
      '<div>New</div><div id="ydp123yahoo_quoted_99" class="ydp123yahoo_quoted"><div>On Monday, Ann wrote:</div><div>Old</div></div>',
    ],
    [
      'ProtonMail',
      '<div>New</div><div class="protonmail_signature_block"><div>Sent with Proton</div></div><div class="protonmail_quote">On Monday, Ann wrote:<br><blockquote class="protonmail_quote" type="cite">Old</blockquote><br></div>',
    ],
    [
      'Zimbra',
      '<div>New<br><hr id="zwchr" data-marker="__DIVIDER__"><div data-marker="__HEADERS__">Old headers</div><div data-marker="__QUOTED_TEXT__">Old</div></div>',
    ],
    ['Hotmail', '<div>New<br><hr id="stopSpelling">Old</div>'],
    [
      'a plain attribution and blockquote',
      '<p>New</p><p>Am 05.10.2020 um 10:00 schrieb Ann:</p><blockquote>Old</blockquote>',
    ],
    ['a dashed line', 'New<br>-----Original Message-----<br>From: x<br>Old'],
    ['marks in preformatted text', '<pre>New\n\nOn 5 Oct 2020, Ann wrote:\n&gt; Old\n&gt; more</pre>'],
    [
      'a telephone',
      '<div>New</div><div><br></div><div id="AppleMailSignature">Sent from my iPhone</div><blockquote type="cite">Old</blockquote>',
    ],
    ['Gmail, signed', '<div>New</div>-- <br><div class="gmail_signature">Ann<br>Director</div>'],
  ])('leaves the new words of %s', (_, html) => {
    expect(text(html)).toBe('New')
  })

  it('keeps the source of what stays and closes what it cut', () => {
    expect(
      extractReplyHtml('<body><div class=a>New <b>words</b><blockquote type=cite>Old</blockquote></div></body>'),
    ).toBe('<body><div class=a>New <b>words</b></div></body>')
  })

  it('keeps words below a quote', () => {
    expect(text('<blockquote type="cite">Old</blockquote><p>New</p>')).toBe('New')
    expect(
      text('<div class="gmail_quote"><div>On 5 Oct 2020, Ann wrote:</div><blockquote>Old</blockquote></div><p>New</p>'),
    ).toBe('New')
  })

  it('keeps answers between quotes, and the quotes they answer', () => {
    const quote = (words: string) => `<blockquote class="gmail_quote">${words}</blockquote>`
    const html = `<div class="gmail_quote"><div class="gmail_attr">Ann wrote:</div>${quote('First?')}<div>Yes.</div>${quote('Second?')}<div>No.</div>${quote('End')}</div>`
    expect(text(html)).toBe('Ann wrote:\n\nFirst?\n\nYes.\n\nSecond?\n\nNo.')
  })

  it('keeps what was sent on', () => {
    const html =
      '<div>FYI</div><div class="gmail_quote"><div class="gmail_attr">---------- Forwarded message ---------<br>From: Ann &lt;a@example.com&gt;<br>Date: 5 Oct 2020<br>To: Bob<br></div><p>Words</p></div>'
    expect(extractReplyHtml(html)).toBe(html)
  })

  it.each([
    ...[
      '',
      '<p>Hello</p>',
      '<blockquote>My own quotation</blockquote><p>and words</p>',
      '<blockquote type="cite">Only old</blockquote>',
    ],
    ...['<div class="gmail_signature">Only signed</div>', '<img src="x">', '<p>From Paris to London</p>'],
  ])('leaves %j as it is', (html) => {
    expect(extractReplyHtml(html)).toBe(html)
  })

  it('never throws, and never drops all words', () => {
    const piece = fc.constantFrom(
      '<p>',
      '</p>',
      '<div class="gmail_quote">',
      '</div>',
      '<blockquote type=cite>',
      '<blockquote>',
      '</blockquote>',
      'hi',
      '<br>',
      'On 5 Oct 2020 at 10:00, A wrote:',
      '<hr id=zwchr>',
      '<div class="gmail_signature">',
      '> x',
      '-- ',
      '<pre>',
      '\n',
      '<td>',
      '<b style="display:none">',
      '</b>',
      '<a "',
      '&amp;',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        const html = pieces.join('')
        return htmlToText(html) === '' || text(html) !== ''
      }),
      { numRuns: 1000 },
    )
  })

  it.each([
    ...[
      '<div>',
      '</div>',
      '<blockquote type=cite>',
      '<div class=gmail_quote>a<br>',
      'a<br>',
      '<hr id=zwchr>',
      '<p>&gt; a',
      '<div><b></x>',
    ],
    ...[
      '<div class=gmail_signature>a</div>',
      '<blockquote>On 1.1.2020 10:00 A wrote:</blockquote>',
      '<pre>\n',
      '<br>',
      '<td>a',
      'From: a@b.c<br>',
    ],
  ])('takes linear time on two megabytes of %j', (unit) => {
    const before = performance.now()
    extractReplyHtml(`${unit.repeat(Math.ceil(2_000_000 / unit.length))}<p>x</p><blockquote type=cite>y`)
    expect(performance.now() - before).toBeLessThan(2000)
  })
})
