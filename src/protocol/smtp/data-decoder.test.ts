import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DataDecoder } from './data-decoder.ts'

interface Decoded {
  content: string
  rest: string | undefined
  smuggling: boolean
}

function decode(...chunks: string[]): Decoded {
  const decoder = new DataDecoder()
  let content = ''
  for (const [i, chunk] of chunks.entries()) {
    const step = decoder.feed(Buffer.from(chunk, 'latin1'))
    content += step.content.toString('latin1')
    if (step.rest) {
      const rest = step.rest.toString('latin1') + chunks.slice(i + 1).join('')
      return { content, rest, smuggling: decoder.smuggling }
    }
  }
  return { content, rest: undefined, smuggling: decoder.smuggling }
}

/** The rule once more, the slow and plain way. */
function decodePlainly(wire: string): Decoded {
  let content = ''
  let smuggling = false
  for (let at = 0; at < wire.length; at++) {
    const afterCrlf = at === 0 || wire.slice(0, at).endsWith('\r\n')
    const afterBare = !afterCrlf && /[\r\n]$/.test(wire.slice(0, at))
    if (wire[at] !== '.' || !(afterCrlf || afterBare)) {
      content += wire[at]
      continue
    }
    const behind = wire.slice(at + 1)
    if (afterCrlf && behind.startsWith('\r\n')) return { content, rest: behind.slice(2), smuggling }
    if (behind === '' || (afterCrlf && behind === '\r')) break
    if (/^[\r\n]/.test(behind)) smuggling = true
    if (!afterCrlf) content += '.'
  }
  return { content, rest: undefined, smuggling }
}

test.each([
  ['the end is told from what stands behind it', 'a\r\n.\r\nQUIT\r\n', 'a\r\n', 'QUIT\r\n'],
  ['a message may be empty', '.\r\n', '', ''],
  ['one dot is taken from the start of a line', '..\r\n...a\r\n.\r\n', '.\r\n..a\r\n', ''],
  ['also from one that was not doubled', '.a\r\n.b\r\n.\r\n', 'a\r\nb\r\n', ''],
  ['dots inside a line stay', 'a.b..c\r\n.\r\n', 'a.b..c\r\n', ''],
  ['a dot behind a bare line feed is no start of a line', 'a\n.b\n..\r\n.\r\n', 'a\n.b\n..\r\n', ''],
  ['a dot behind a bare carriage return is none either', 'a\r.b\r..\r\n.\r\n', 'a\r.b\r..\r\n', ''],
  ['two carriage returns end with a line end', 'a\r\r\n.\r\n', 'a\r\r\n', ''],
  ['every byte comes through', '\0\xff\x80\x1a\r\n.\r\n', '\0\xff\x80\x1a\r\n', ''],
])('%s', (_, wire, content, rest) => {
  expect(decode(wire)).toEqual({ content, rest, smuggling: false })
})

test.each([
  '\n.\n',
  '\n.\r\n',
  '\r\n.\n',
  '\r.\r',
  '\r\n.\r',
  '\r.\r\n',
  '\r.\n',
  '\n.\r',
  '\r\r\n.\r\r\n',
  '\r\n.\r\0\n',
])('%j is no end but somebody taking it for one', (end) => {
  const decoded = decode(`Subject: a\r\n\r\nb${end}MAIL FROM:<eve@example.com>\r\n.\r\n`)
  expect(decoded).toMatchObject({ rest: '', smuggling: true })
  expect(decoded.content).toContain('MAIL FROM:<eve@example.com>\r\n')
})

const pieces = fc.array(fc.constantFrom('\r', '\n', '\r\n', '.', '..', '\r\n.', 'a', '\0'), { maxLength: 30 })

test('wherever the chunks are cut, the bytes and the end are the same', () => {
  fc.assert(
    fc.property(pieces, fc.array(fc.nat(40), { maxLength: 8 }), (texts, cuts) => {
      const wire = texts.join('')
      const ends = [...new Set([...cuts.filter((cut) => cut < wire.length), wire.length])].sort((a, b) => a - b)
      const chunks = ends.map((end, i) => wire.slice(ends[i - 1] ?? 0, end))
      expect(decode(...chunks)).toEqual(decodePlainly(wire))
      expect(decode(...wire)).toEqual(decodePlainly(wire))
    }),
    { numRuns: 2_000 },
  )
})

test('what a client has stuffed comes out as it went in', () => {
  fc.assert(
    fc.property(pieces, (texts) => {
      const message = `${texts.join('')}\r\n`
      const stuffed = message.replace(/(^|\r\n)\./g, '$1..')
      expect(decode(`${stuffed}.\r\n`)).toMatchObject({ content: message, rest: '' })
    }),
    { numRuns: 1_000 },
  )
})

test('megabytes of dots take no longer than megabytes of letters', () => {
  const started = performance.now()
  for (const line of ['\r\n..', '\n.', '\r.', '\r\n']) {
    const decoder = new DataDecoder()
    const chunk = line.repeat(16_384)
    for (let i = 0; i < 100; i++) decoder.feed(Buffer.from(chunk))
  }
  const ms = performance.now() - started
  console.log(`data decoder: ${Math.round(ms)} ms for 18 MB of line ends and dots`)
  expect(ms).toBeLessThan(5_000)
})
