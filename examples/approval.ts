/** An agent that may only write drafts, and a person who reads each one and decides. The server keeps the two apart. */
import { createInterface } from 'node:readline/promises'
import { type AgentMail, AgentMailClient, AgentMailError } from 'agentmail'

const { POSTHOUSE_URL: baseUrl = 'http://localhost:3000', POSTHOUSE_KEY: apiKey = '' } = process.env
const person = new AgentMailClient({ apiKey, baseUrl })
const inbox = await person.inboxes.create({ displayName: 'Desk', clientId: 'example-approval' })
const agent = await makeAgent()

await agent.inboxes.drafts.create(inbox.inboxId, {
  to: [process.argv[2] ?? 'customer@example.com'],
  subject: 'Your refund',
  text: 'We have sent you 20 EUR back.',
  labels: ['to approve'],
})
await showThatTheAgentCannotSend()

const terminal = createInterface({ input: process.stdin, output: process.stdout })
for (const { draftId } of await waiting()) {
  await decide(await person.inboxes.drafts.get(inbox.inboxId, draftId))
}
terminal.close()

/** A key of this inbox that can write drafts and read, and nothing else: neither send, nor set a time, nor change what has one. */
async function makeAgent(): Promise<AgentMailClient> {
  const permissions = { draftCreate: true, draftRead: true, draftUpdate: true, messageRead: true }
  const key = await person.inboxes.apiKeys.create(inbox.inboxId, { name: 'agent', permissions })
  if (!('apiKey' in key)) throw new Error('This is no bearer key')
  return new AgentMailClient({ apiKey: key.apiKey, baseUrl })
}

async function showThatTheAgentCannotSend(): Promise<void> {
  const [draft] = await waiting()
  if (!draft) return
  try {
    await agent.inboxes.drafts.send(inbox.inboxId, draft.draftId, {})
  } catch (error) {
    if (!(error instanceof AgentMailError)) throw error
    console.log(`The agent tried to send it itself: ${error.statusCode}`)
  }
}

async function waiting(): Promise<AgentMail.DraftItem[]> {
  return (await person.inboxes.drafts.list(inbox.inboxId, { labels: ['to approve'], ascending: true })).drafts
}

async function decide(draft: AgentMail.Draft): Promise<void> {
  console.log(`\nTo: ${draft.to?.join(', ')}\nSubject: ${draft.subject}\n\n${draft.text}\n`)
  const answer = await terminal.question('Send it? [y/n] ')
  if (answer.trim().toLowerCase() !== 'y') {
    await person.inboxes.drafts.delete(inbox.inboxId, draft.draftId)
    console.log('Thrown away.')
    return
  }
  // What goes out is what was read: a draft that the agent changed meanwhile is not sent, and answers 409.
  const asRead = { headers: { 'If-Match': `"${draft.updatedAt.toISOString()}"` } }
  const change = { removeLabels: ['to approve'] }
  const { messageId } = await person.inboxes.drafts.send(inbox.inboxId, draft.draftId, change, asRead)
  console.log(`Sent as ${messageId}`)
}
