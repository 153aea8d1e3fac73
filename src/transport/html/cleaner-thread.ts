import { parentPort } from 'node:worker_threads'
import { safeHtml, wordsAsHtml } from '../../protocol/html/safe-html.ts'
import type { Answer, Question } from './cleaner-pool.ts'

parentPort?.on('message', ({ id, html, wordsOnly, remoteImages }: Question) => {
  const clean = wordsOnly ? wordsAsHtml(html) : safeHtml(html, { remoteImages })
  parentPort?.postMessage({ id, clean } satisfies Answer)
})
