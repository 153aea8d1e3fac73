import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { testApp } from '../../../../test/support/app.ts'
import { buildMailbox } from '../../../../test/support/builders.ts'
import { ownerOf } from '../../../../test/support/outbound.ts'
import { sendMessage } from '../../outbound/send.ts'
import { dnsRecordsOf } from '../dns-records.ts'
import { ensureDkimKeys } from './rotate.ts'

// dkimpy (Debian: python3-dkim with python3-nacl) is the independent peer; without it this test is skipped.
const python = ['python3', '/usr/bin/python3'].find(
  (command) => spawnSync(command, ['-c', 'import dkim, nacl']).status === 0,
)

const PEER = `
import base64, dkim, json, sys
job = json.load(sys.stdin)
dns = lambda name, timeout=5: job['zone'].get(name.decode().rstrip('.'), '').encode()
mails = [base64.b64decode(text) for text in job['mails']]
json.dump([[dkim.DKIM(mail).verify(idx=n, dnsfunc=dns) for n in (0, 1)] for mail in mails], sys.stdout)
`

const file = (filename: string, contentType: string, content: string) => ({
  ...{ filename, contentType, disposition: null, contentId: null, url: null },
  content: Buffer.from(content).toString('base64'),
})

const drafts = [
  { text: 'Plain', html: null },
  {
    text: 'Größe\n.\n..dots\n\n\n',
    html: '<p>Größe 🍵</p>',
    subject: 'Grüße an alle, die es lesen wollen, und an die anderen',
  },
  {
    text: null,
    html: `<p>${'long '.repeat(500)}</p>`,
    headers: { 'List-Unsubscribe': '<mailto:u@x.test>', 'X-Odd': '  two   blanks ' },
  },
  {
    text: 'With files',
    html: null,
    attachments: [file('ü.txt', 'text/plain', 'a\nb'), file('m.eml', 'message/rfc822', 'From: a@b.c\n\nx\n')],
  },
  { text: '', html: null, subject: '', to: ['"Zoë, A." <zoe@client.test>', 'bo@bücher.test'] },
]

test.skipIf(!python)('both signatures of all kinds of composed mail verify elsewhere', async () => {
  await using it = await testApp()
  await ensureDkimKeys(it.app, await it.app.store.run('domains.ensure-platform', { name: 'posthouse.test' }))
  const box = await buildMailbox(it.app.store, undefined, { displayName: 'Zoë & Söhne' })
  const mails: string[] = []
  for (const draft of drafts) {
    const request = {
      to: ['ada@example.com'],
      cc: [],
      bcc: [],
      replyTo: [],
      labels: [],
      subject: 'Notes',
      attachments: [],
      headers: {},
    }
    const { messageId } = await sendMessage(it.app, ownerOf(box), box.id, { ...request, ...draft })
    const message = await it.app.store.read.messages.get(box.id, messageId)
    mails.push((await it.app.blobs.get(message?.blobKey ?? ''))?.toString('base64') ?? '')
  }
  const zone = Object.fromEntries((await dnsRecordsOf(it.app, 'posthouse.test')).map((r) => [r.name, r.value]))
  const { stdout, stderr } = spawnSync(python ?? '', ['-c', PEER], {
    input: JSON.stringify({ zone, mails }),
    encoding: 'utf8',
  })
  expect(stderr).toBe('')
  expect(JSON.parse(stdout)).toEqual(drafts.map(() => [true, true]))
})
