import { parentPort } from 'node:worker_threads'
import { tidyAtRest } from '../../core/at-rest.ts'
import { safeHtml, wordsAsHtml } from '../../protocol/html/safe-html.ts'
import { ready } from '../threads/ready.ts'
import type { Answer, Question } from './cleaner-pool.ts'

tidyAtRest()

parentPort?.on('message', ({ id, html, wordsOnly, remoteImages }: Question) => {
  const clean = wordsOnly ? wordsAsHtml(html) : safeHtml(html, { remoteImages })
  parentPort?.postMessage({ id, clean } satisfies Answer)
})

parentPort?.postMessage(ready)
