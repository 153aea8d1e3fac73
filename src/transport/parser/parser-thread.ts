import { parentPort } from 'node:worker_threads'
import { tidyAtRest } from '../../core/at-rest.ts'
import { ready } from '../threads/ready.ts'
import { parseMail } from './parse-mail.ts'
import type { Answer, Question } from './parser-pool.ts'

tidyAtRest()

parentPort?.on('message', ({ id, bytes }: Question) => {
  const answer: Answer = { id, mail: parseMail(bytes) }
  parentPort?.postMessage(answer)
})

parentPort?.postMessage(ready)
