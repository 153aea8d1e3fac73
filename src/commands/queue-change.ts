import { parseId } from '../api/agents/ids.ts'
import type { Config } from '../config.ts'
import type { App } from '../core/app.ts'
import { Failure, invalid } from '../core/errors.ts'
import { isUuid, type MessageId } from '../core/ids.ts'
import { cancelDelivery, retryNow, waitingDeliveries } from '../core/outbound/queue.ts'
import { openApp } from '../open-app.ts'

export interface QueueChangeOptions {
  all?: boolean
  json?: boolean
}

/** Makes deliveries, all those of a message, or all there are, due now. */
export function retryWaiting(config: Config, ids: string[], options: QueueChangeOptions): Promise<void> {
  return change(config, ids, options, 'retried', (app, id) => retryNow(app, id))
}

/** Gives deliveries, all those of a message, or all there are, up. */
export function cancelWaiting(config: Config, ids: string[], options: QueueChangeOptions): Promise<void> {
  return change(config, ids, options, 'cancelled', async (app, id) => {
    const ofMessage = await app.store.read.outbound.ofMessage(id as MessageId)
    const waiting = ofMessage.filter(({ status }) => status === 'queued' || status === 'sending').map((d) => d.id)
    const wanted = ofMessage.length > 0 ? waiting : [id]
    for (const delivery of wanted) await cancelDelivery(app, delivery)
    return wanted.length
  })
}

/** Goes on to the end whatever happens to one of them; what went wrong is told on standard error and by the exit code. */
async function change(
  config: Config,
  ids: string[],
  options: QueueChangeOptions,
  verb: string,
  act: (app: App, id: string) => Promise<number>,
): Promise<void> {
  if (options.all === true ? ids.length > 0 : ids.length === 0)
    throw invalid('ID', 'name deliveries or messages, or --all')
  await using opened = await openApp(config)
  const { app } = opened
  let count = 0
  let failed = 0
  for await (const id of options.all ? messagesThatWait(app) : ids.map(toUuid)) {
    try {
      count += await act(app, id)
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      // With --all, what came to its end meanwhile is no news.
      if (options.all && error.code === 'conflict') continue
      console.error(`${id}: ${error.message}`)
      failed++
    }
  }
  console.log(options.json ? JSON.stringify({ [verb]: count, failed }) : `${count} ${verb}`)
  if (failed > 0) process.exitCode = 1
}

/** A delivery's or a message's id, as `queue list` or the API prints it. */
function toUuid(text: string): string {
  return isUuid(text) ? text : parseId('message', text)
}

// A message's deliveries follow each other, or are named again: what is done twice is done once.
async function* messagesThatWait(app: App): AsyncGenerator<string> {
  let last = ''
  for await (const { messageId } of waitingDeliveries(app)) {
    if (messageId !== last) yield messageId
    last = messageId
  }
}
