/** Signs up somewhere with a fresh address, and waits for the code that is mailed to it. */
import { AgentMailClient } from 'agentmail'

const { POSTHOUSE_URL: baseUrl = 'http://localhost:3000', POSTHOUSE_KEY: apiKey = '' } = process.env
const client = new AgentMailClient({ apiKey, baseUrl })

const inbox = await client.inboxes.create({})
try {
  console.log(`Have a code mailed to ${inbox.email}`)
  console.log(`The code is ${await waitForCode(inbox.email)}`)
} finally {
  await client.inboxes.delete(inbox.inboxId)
}

interface Waited {
  message: { subject: string | null; codes: { value: string; confidence: number }[] } | null
}

/** The likeliest code in the next mails, for ten minutes. A mail that is there already counts: nothing falls between two calls. */
async function waitForCode(address: string): Promise<string> {
  const deadline = Date.now() + 10 * 60_000
  while (Date.now() < deadline) {
    const url = `${baseUrl}/api/v0/inboxes/${encodeURIComponent(address)}/wait?timeout=60`
    const response = await fetch(url, { headers: { authorization: `Bearer ${apiKey}` } })
    if (!response.ok) throw new Error(`The server said ${response.status}: ${await response.text()}`)
    const { message } = (await response.json()) as Waited
    const [code] = message?.codes ?? []
    if (code) return code.value
  }
  throw new Error('No code came')
}
