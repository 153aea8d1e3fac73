import { expect, test } from 'vitest'
import { watchThreads } from '../../../test/support/watch-threads.ts'
import { silentLog } from '../../core/log.ts'
import { ParserPool } from './parser-pool.ts'

const mail = (subject: string, body = 'Hello') =>
  Buffer.from(`From: a@b.test\r\nSubject: ${subject}\r\n\r\n${body}\r\n`)

/** Reads properly, except that a mail which says so hangs or kills its thread. */
const program = new URL(
  `data:text/javascript,${encodeURIComponent(`
    import { parentPort } from 'node:worker_threads'
    const { parseMail } = await import(${JSON.stringify(new URL('./parse-mail.ts', import.meta.url).href)})
    parentPort.on('message', ({ id, bytes }) => {
      const text = Buffer.from(bytes).toString()
      if (text.includes('HANG')) while (true) {}
      if (text.includes('CRASH')) process.exit(1)
      if (text.includes('MEMORY')) { const hoard = []; while (true) hoard.push(new Array(100_000).fill(Math.random())) }
      parentPort.postMessage({ id, mail: parseMail(bytes) })
    })
    parentPort.postMessage({ ready: true })
  `)}`,
)

test('mails are read in a thread, each answer to its question', async () => {
  await using pool = new ParserPool({ log: silentLog })
  const subjects = Array.from({ length: 50 }, (_, i) => `mail ${i}`)
  const parsed = await Promise.all(subjects.map((subject) => pool.parse(mail(subject))))
  expect(parsed.map((p) => p.subject)).toEqual(subjects)
  expect(parsed[0]?.text?.trim()).toBe('Hello')
})

test.each([
  ['HANG', 'parse-timeout'],
  ['CRASH', 'parse-crash'],
  ['MEMORY', 'parse-crash'],
])('a mail that makes its reader %s keeps its head, and the mails around it are read', async (word, defect) => {
  await using pool = new ParserPool({ log: silentLog, deadlineMs: word === 'HANG' ? 2_000 : 15_000, program })
  const [before, bad, after] = await Promise.all([
    pool.parse(mail('before')),
    pool.parse(mail('bad', word)),
    pool.parse(mail('after')),
  ])
  expect([before?.text?.trim(), after?.text?.trim()]).toEqual(['Hello', 'Hello'])
  expect(bad).toMatchObject({ subject: 'bad', text: null, defects: [{ code: defect }] })
})

test('a small mail does not wait behind a large one', async () => {
  await using pool = new ParserPool({ log: silentLog, deadlineMs: 5_000, program })
  const order: string[] = []
  const large = pool.parse(mail('large', `HANG${' '.repeat(300_000)}`)).then(() => order.push('large'))
  await pool.parse(mail('small')).then(() => order.push('small'))
  await large
  expect(order).toEqual(['small', 'large'])
})

test('a thread starts with the first mail, ends at rest, and another reads the next mail', async () => {
  using threads = watchThreads()
  await using pool = new ParserPool({ log: silentLog, restMs: 1 })
  expect(threads.started()).toBe(0)
  const end = threads.nextEnd()
  await pool.parse(mail('before'))
  await end
  expect(await pool.parse(mail('after'))).toMatchObject({ subject: 'after', defects: [] })
  expect(threads.started()).toBe(2)
})
