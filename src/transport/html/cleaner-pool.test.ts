import { expect, test } from 'vitest'
import { silentLog } from '../../core/log.ts'
import { CleanerPool } from './cleaner-pool.ts'

/** Cleans properly, except that HTML which says so hangs or kills its thread, whatever is asked or only when it is to be cleaned. */
const program = new URL(
  `data:text/javascript,${encodeURIComponent(`
    import { parentPort } from 'node:worker_threads'
    parentPort.on('message', ({ id, html, wordsOnly }) => {
      if (html.includes('HANG') && (!wordsOnly || html.includes('ALWAYS'))) while (true) {}
      if (html.includes('CRASH') && !wordsOnly) process.exit(1)
      parentPort.postMessage({ id, clean: (wordsOnly ? 'words of ' : 'clean ') + html })
    })
    parentPort.postMessage({ ready: true })
  `)}`,
)

test('HTML is cleaned in a thread, while this one goes on', async () => {
  await using pool = new CleanerPool({ log: silentLog })
  await pool.clean('<p>warm</p>')
  const order: string[] = []
  const large = pool.clean(`<p style="color:red" onclick="x()">a<img src="https://t.test/p.png"></p>`.repeat(10_000))
  const cleaned = large.then(() => order.push('large'))
  expect(await pool.clean('<p onclick="x()">small</p>')).toBe('<p>small</p>')
  order.push('small')
  expect(await large).toContain('<p style="color:red">a<img data-src="https://t.test/p.png" /></p>')
  await cleaned
  expect(order).toEqual(['small', 'large'])
})

test('images of other servers stay where they are when they are asked for', async () => {
  await using pool = new CleanerPool({ log: silentLog })
  expect(await pool.clean('<img src="https://t.test/p.png">', { remoteImages: true })).toBe(
    '<img src="https://t.test/p.png" />',
  )
})

test.each([
  ['HANG', 'words of HANG'],
  ['CRASH', 'words of CRASH'],
  ['HANG ALWAYS', ''],
])('HTML that makes its cleaner %s comes as its words, and the rest is cleaned', async (html, expected) => {
  await using pool = new CleanerPool({ log: silentLog, deadlineMs: html.startsWith('HANG') ? 1_000 : 15_000, program })
  const all = await Promise.all([pool.clean('before'), pool.clean(html), pool.clean('after')])
  expect(all).toEqual(['clean before', expected, 'clean after'])
})
