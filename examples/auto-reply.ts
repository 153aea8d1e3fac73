/** An agent with an address of its own: it answers every mail that comes in, in its thread, once. Stop it with Ctrl-C. */
import { createHash } from 'node:crypto'
import { type AgentMail, AgentMailClient } from 'agentmail'

const { POSTHOUSE_URL: baseUrl = 'http://localhost:3000', POSTHOUSE_KEY: apiKey = '' } = process.env
const client = new AgentMailClient({ apiKey, baseUrl })

// The client_id makes this the same inbox at every start.
const inbox = await client.inboxes.create({ displayName: 'Assistant', clientId: 'example-auto-reply' })
const socket = await client.websockets.connect()
// After a lost connection the subscription is made anew, and what came meanwhile is looked up.
socket.on('open', subscribe)
socket.on('message', ({ type }) => {
  if (type === 'subscribed' || type === 'event') wake()
})
await socket.waitForOpen()
subscribe()
console.log(`Write to ${inbox.email}`)
process.once('SIGINT', stop)
process.once('SIGTERM', stop)

function subscribe(): void {
  socket.sendSubscribe({ type: 'subscribe', inboxIds: [inbox.inboxId], eventTypes: ['message.received'] })
}

let work = Promise.resolve()
function wake(): void {
  work = work.then(answerUnread).catch(console.error)
}

async function stop(): Promise<void> {
  socket.close()
  await work
}

/** An event only says that there is something; what is to be done stands in the inbox, and survives us. */
async function answerUnread(): Promise<void> {
  const unread = await client.inboxes.messages.list(inbox.inboxId, { labels: ['unread'], ascending: true })
  for (const { messageId } of unread.messages) {
    const message = await client.inboxes.messages.get(inbox.inboxId, messageId)
    if (!isAutomatic(message)) await answer(message)
    await client.inboxes.messages.update(inbox.inboxId, messageId, { removeLabels: ['unread'] })
  }
}

async function answer(message: AgentMail.Message): Promise<void> {
  const reply = { text: await think(message), headers: { 'Auto-Submitted': 'auto-replied' } }
  // Should we end between the answer and its mark, the same key keeps us from answering twice.
  const idempotencyKey = createHash('sha256').update(message.messageId).digest('hex')
  await client.inboxes.messages.reply(inbox.inboxId, message.messageId, reply, { idempotencyKey })
  console.log(`Answered ${message.from}: ${message.subject ?? ''}`)
}

/** Two machines that answer each other never stop (RFC 3834). */
function isAutomatic({ headers = {} }: AgentMail.Message): boolean {
  const field = Object.entries(headers).find(([name]) => name.toLowerCase() === 'auto-submitted')
  return field !== undefined && field[1].trim().toLowerCase() !== 'no'
}

/** Put your model here. `extractedText` is what is new in the mail, without quotes and signature. */
async function think({ extractedText = '' }: AgentMail.Message): Promise<string> {
  return `You wrote ${extractedText.split(/\s+/).filter(Boolean).length} words. I am thinking about them.`
}
