import { expect, test } from 'vitest'
import { agentmail } from '../../../../test/support/agentmail.ts'
import { testApp } from '../../../../test/support/app.ts'

test('a page of a thread ends where one answer is full, and the token goes on: no message comes without its text', async () => {
  await using t = await testApp()
  const client = agentmail(t)
  const { inboxId } = await client.inboxes.create({ username: 'desk' })
  const words = 'word '.repeat(1_000_000)
  const texts = ['first', words, words, words, 'last']
  for (const [i, text] of texts.entries()) {
    await t.mail(inboxId, `Message-ID: <m${i}@x>\nReferences: <m0@x>\nSubject: S\n\n${text}\n`)
  }
  const { threads } = await client.threads.list()
  const threadId = threads[0]?.threadId ?? ''
  const pages: string[][] = []
  for (let pageToken: string | undefined; ; ) {
    const page = await client.threads.get(threadId, { limit: 50, ...(pageToken && { pageToken }) })
    expect([page.messageCount, page.count]).toEqual([5, page.messages.length])
    pages.unshift(page.messages.map(({ text = '' }) => text.trim()))
    pageToken = page.nextPageToken
    if (!pageToken) break
  }
  expect(pages.length).toBeGreaterThan(1)
  expect(pages.flat()).toEqual(texts.map((text) => text.trim()))
})
