import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { type TestApp, testApp } from '../../../test/support/app.ts'
import { type ImapInbox, imapInbox } from '../../../test/support/imap-inbox.ts'
import {
  forever,
  type ImapAnswer,
  type ImapScript,
  type ScriptedImap,
  scriptedImap,
} from '../../../test/support/scripted-imap.ts'
import type { FetchReport } from '../../core/imap-sources/model.ts'
import { silentLog } from '../../core/log.ts'

const MIB = 1024 * 1024
const raw = (subject: string) => `Subject: ${subject}\r\nMessage-ID: <${subject}@example.com>\r\n\r\nHi\r\n`
const one = [{ uid: 5, raw: raw('one') }]

let t: TestApp
let strict: TestApp
let inbox: ImapInbox
let opened: AsyncDisposableStack
beforeAll(async () => {
  const settings = { maxMessageBytes: 2 * MIB }
  t = await testApp({ allowNet: ['127.0.0.0/8'], imap: { cleartext: true, ...settings }, settings })
  strict = await testApp({ allowNet: ['127.0.0.0/8'] })
})
afterAll(async () => {
  await t[Symbol.asyncDispose]()
  await strict[Symbol.asyncDispose]()
})
beforeEach(async () => {
  opened = new AsyncDisposableStack()
  inbox = await imapInbox(t)
})
afterEach(() => opened.disposeAsync())

const serve = async (script: ImapScript): Promise<ScriptedImap> => opened.use(await scriptedImap(script))
const add = ({ port }: ScriptedImap, fields = {}) =>
  inbox.add({ host: '127.0.0.1', port, useSsl: false, username: 'ada', password: 'the-password', ...fields })
const fetchFrom = async (script: ImapScript) => inbox.fetch(await add(await serve(script)))

/** What comes of a fetch, and by how much the memory grew at the most meanwhile. */
async function measured(script: ImapScript) {
  const server = await serve(script)
  const source = await add(server)
  const used = () => {
    const { heapUsed, arrayBuffers } = process.memoryUsage()
    return heapUsed + arrayBuffers
  }
  const before = used()
  let most = 0
  const timer = setInterval(() => {
    most = Math.max(most, used() - before)
  }, 5)
  try {
    return { report: await inbox.fetch(source), grownMib: Math.round(most / MIB) }
  } finally {
    clearInterval(timer)
    await vi.waitFor(() => expect(server.open()).toBe(0))
  }
}

const endless = Buffer.alloc(64 * 1024, 'x')
const flood = Buffer.from('* 1 FETCH (FLAGS (\\Seen))\r\n'.repeat(2000))

describe('a server that never ends costs little memory, and the fetch', () => {
  test.each<[string, ImapScript]>([
    ['a greeting', { greeting: (socket) => forever(socket, endless) }],
    ['greetings', { greeting: (socket) => forever(socket, '* OK [ALERT] hi\r\n'.repeat(1000)) }],
    ['a line before the login', { answers: { CAPABILITY: (socket) => forever(socket, endless) } }],
    ['a line in the folder', { answers: { EXAMINE: (socket) => forever(socket, endless) } }],
    ['a list of messages', { messages: one, answers: { FETCH: (socket) => forever(socket, flood) } }],
    ['parentheses', { messages: one, answers: { FETCH: (socket) => forever(socket, '('.repeat(60_000)) } }],
    [
      'literals in one answer',
      {
        messages: one,
        answers: { FETCH: (socket) => forever(socket, `* 1 FETCH (X {60000}\r\n${'x'.repeat(60_000)}`) },
      },
    ],
    ['a name in the list of folders', { answers: { LIST: (socket) => forever(socket, '* LIST () "/" "a"\r\n') } }],
    ['flags while a message is read', { messages: one, answers: { 'UID FETCH': (socket) => forever(socket, flood) } }],
  ])('%s', async (_, script) => {
    const { report, grownMib } = await measured(script)
    // Flags while a message is read could as well be a message that is too large; nothing else could.
    expect(['protocol', null]).toContain(report.problem)
    expect(report.ingested).toBe(0)
    expect(grownMib).toBeLessThan(40)
  })
})

const says = (size: number, announced: string): ImapScript => ({
  messages: [
    { uid: 5, raw: raw('one'), size },
    { uid: 6, raw: raw('two') },
  ],
  answers: {
    'UID FETCH': (socket, tag, argument) => {
      if (argument.startsWith('6')) {
        socket.write(`* 2 FETCH (UID 6 BODY[] {${raw('two').length}}\r\n${raw('two')})\r\n${tag} OK done\r\n`)
        return
      }
      socket.write(`* 1 FETCH (UID 5 BODY[] {${announced}}\r\n`)
      forever(socket, endless)
    },
  },
})

test.each([
  ['two gigabytes', says(100, '2147483648')],
  ['more digits than a number has', says(100, '9'.repeat(40))],
  ['more than is allowed, said to be little', says(100, String(3 * MIB))],
  ['what is allowed, said to be little', says(100, String(MIB))],
])('a message of %s is passed by, and the next one comes', async (_, script) => {
  const { report, grownMib } = await measured(script)
  expect(report).toEqual({ fetched: 0, ingested: 0, problem: null })
  expect(grownMib).toBeLessThan(40)
  const [source] = (await t.app.store.read.imapSources.list(inbox.mailbox.id, { limit: 1 })).items
  expect(await inbox.fetch(source!)).toEqual({ fetched: 1, ingested: 1, problem: null })
  expect(await inbox.subjects()).toEqual(['two'])
})

test('a size that is a little wrong does not matter', async () => {
  const messages = [
    { uid: 5, raw: raw('one'), size: 3 },
    { uid: 9, raw: raw('two'), size: 4000 },
  ]
  expect(await fetchFrom({ messages })).toEqual({ fetched: 2, ingested: 2, problem: null })
})

describe('a server that does not go on is left after a minute', () => {
  const silent = () => {}
  test.each<[string, ImapScript, string]>([
    ['no greeting', { greeting: silent }, 'connect_timeout'],
    ['no answer to the password', { answers: { AUTHENTICATE: silent } }, 'connect_timeout'],
    ['no folder', { answers: { EXAMINE: silent } }, 'protocol'],
    ['no list', { messages: one, answers: { FETCH: silent } }, 'protocol'],
    ['no message', { messages: one, answers: { 'UID FETCH': silent } }, 'protocol'],
    [
      'half a message',
      { messages: one, answers: { 'UID FETCH': (socket) => socket.write('* 1 FETCH (UID 5 BODY[] {100}\r\nSubj') } },
      'protocol',
    ],
  ])('%s', async (_, script, problem) => {
    const server = await serve(script)
    const reported = inbox.fetch(await add(server))
    await silence(server)
    t.clock.advance(60_000)
    expect(await reported).toEqual({ fetched: 0, ingested: 0, problem })
    await vi.waitFor(() => expect(server.open()).toBe(0))
  })

  test('a byte now and then is not going on', async () => {
    const drip: NodeJS.Timeout[] = []
    opened.defer(() => drip.forEach(clearInterval))
    const answer = (socket: { write(text: string): unknown }) => {
      socket.write('* 1 FETCH (UID 5 BODY[] {100}\r\n')
      drip.push(setInterval(() => socket.write('x'), 50))
    }
    const server = await serve({ messages: one, answers: { 'UID FETCH': answer } })
    const reported = inbox.fetch(await add(server))
    await vi.waitFor(() => expect(server.heard.some((line) => line.includes('UID FETCH'))).toBe(true))
    t.clock.advance(60_000)
    expect(await reported).toMatchObject({ problem: 'protocol' })
  })

  test('it delays no other source', async () => {
    const named = (username: string) => ({ username })
    const hung = await serve({ messages: one, answers: { 'UID FETCH': silent } })
    const noisy = await serve({ answers: { EXAMINE: (socket) => forever(socket, endless) } })
    const good = await serve({ messages: one })
    const hanging = inbox.fetch(await add(hung))
    const reports = await Promise.all([
      inbox.fetch(await add(noisy, named('noisy'))),
      inbox.fetch(await add(good, named('good'))),
    ])
    expect(reports.map(({ problem }) => problem)).toEqual(['protocol', null])
    await silence(hung)
    t.clock.advance(60_000)
    expect(await hanging).toMatchObject({ problem: 'protocol' })
  })

  // The last thing that it was asked is on its way.
  const silence = (server: ScriptedImap) =>
    vi.waitFor(async () => {
      const before = server.heard.length
      await new Promise((resolve) => setTimeout(resolve, 50))
      expect([server.open() > 0, server.heard.length]).toEqual([true, before])
    })
})

describe('a server that talks nonsense', () => {
  const answer =
    (text: string): ImapAnswer =>
    (socket, tag) =>
      void socket.write(`${text}${tag} OK done\r\n`)
  const refusing =
    (text: string): ImapAnswer =>
    (socket, tag) =>
      void socket.write(`${tag} ${text}\r\n`)
  const nothing: Omit<FetchReport, 'sourceId'> = { fetched: 0, ingested: 0, problem: null }

  test.each<[string, ImapScript]>([
    ['numbers that are none', { messages: one, answers: { FETCH: answer('* 1 FETCH (UID -5 RFC822.SIZE x)\r\n') } }],
    ['UIDs without a size', { messages: one, answers: { FETCH: answer('* 1 FETCH (UID 0)\r\n* 9 FETCH ()\r\n') } }],
    ['another message', { messages: one, answers: { 'UID FETCH': answer('* 1 FETCH (UID 6 BODY[] "x")\r\n') } }],
    ['no bytes', { messages: one, answers: { 'UID FETCH': answer('* 1 FETCH (UID 5 BODY[] NIL)\r\n') } }],
    [
      'an answer that breaks off',
      { messages: one, answers: { 'UID FETCH': answer('* 1 FETCH (UID 5 BODY[] "x\r\n') } },
    ],
  ])('%s: nothing is filed', async (_, script) => {
    expect(await fetchFrom(script)).toEqual(nothing)
    expect(await inbox.messages()).toEqual([])
  })

  test.each<[string, string, ImapScript]>([
    ['no IMAP at all', 'protocol', { greeting: (socket) => socket.end('220 smtp\r\n') }],
    ['goodbye', 'protocol', { greeting: (socket) => socket.end('* BYE go away\r\n') }],
    ['a wrong password', 'auth', { answers: { AUTHENTICATE: refusing('NO the-password is wrong') } }],
    ['not now', 'protocol', { answers: { AUTHENTICATE: refusing('NO [UNAVAILABLE] later') } }],
    ['no such folder', 'folder_not_found', { answers: { EXAMINE: refusing('NO no') } }],
    ['a folder without UIDVALIDITY', 'protocol', { answers: { EXAMINE: answer('* 1 EXISTS\r\n') } }],
  ])('%s is told as %s, without a word of the server', async (_, problem, script) => {
    const logged: unknown[] = []
    const note = (...entry: unknown[]) => void logged.push(entry)
    t.app.log = { debug: note, info: note, warn: note, error: note }
    expect(await fetchFrom(script)).toEqual({ ...nothing, problem })
    t.app.log = silentLog
    expect(logged).toHaveLength(1)
    expect(JSON.stringify(logged)).not.toMatch(/the-password|wrong|go away/)
  })

  test('a flood of UIDs in any order is taken oldest first, and never below what was read', async () => {
    const list = [9, 3, 7, 3, 5].map((uid, at) => `* ${at + 1} FETCH (UID ${uid} RFC822.SIZE 60)\r\n`).join('')
    const messages = [3, 5, 7, 9].map((uid) => ({ uid, raw: raw(`mail ${uid}`) }))
    const server = await serve({ messages, answers: { FETCH: answer(list) } })
    const source = await add(server)
    expect(await inbox.fetch(source)).toMatchObject({ ingested: 4 })
    expect(await inbox.subjects()).toEqual(['mail 3', 'mail 5', 'mail 7', 'mail 9'])
    expect(await inbox.fetch(source)).toEqual(nothing)
  })
})

test('a server that cannot delete by UID has its messages flagged, and nothing expunged', async () => {
  const capability: ImapAnswer = (socket, tag) => void socket.write(`* CAPABILITY IMAP4rev1\r\n${tag} OK done\r\n`)
  const login: ImapAnswer = (socket, tag) => void socket.write(`${tag} OK in\r\n`)
  const server = await serve({ messages: one, answers: { CAPABILITY: capability, LOGIN: login } })
  const source = await add(server, { afterFetchAction: 'delete' })
  expect(await inbox.fetch(source)).toEqual({ fetched: 1, ingested: 1, problem: null })
  const commands = server.heard.map((line) => line.replace(/^\S+ /, ''))
  expect(commands.filter((line) => /STORE|EXPUNGE|CLOSE/.test(line))).toEqual(['UID STORE 5 +FLAGS.SILENT (\\Deleted)'])
  expect(commands.filter((line) => line.includes('BODY'))).toEqual(['UID FETCH 5 (BODY.PEEK[] UID)'])
})

describe('without TLS', () => {
  beforeEach(async () => {
    inbox = await imapInbox(strict)
  })

  test.each<[string, ImapScript]>([
    ['a server that offers no STARTTLS', {}],
    ['a server that says one is in already', { greeting: (socket) => socket.write('* PREAUTH hello\r\n') }],
    [
      'a server that takes STARTTLS back',
      {
        answers: {
          CAPABILITY: (socket, tag) => socket.write(`* CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN\r\n${tag} OK\r\n`),
          STARTTLS: (socket, tag) => socket.write(`${tag} NO not today\r\n`),
        },
      },
    ],
  ])('%s gets no password', async (_, script) => {
    const server = await serve({ messages: one, ...script })
    expect(await inbox.fetch(await add(server))).toEqual({ fetched: 0, ingested: 0, problem: 'tls' })
    expect(server.heard.filter((line) => /AUTH|LOGIN|SELECT|EXAMINE/.test(line))).toEqual([])
    expect(server.heard.join()).not.toContain(Buffer.from('the-password').toString('base64').slice(0, 8))
  })
})

describe('the wall', () => {
  const names = {
    'inner.example.com': { a: ['192.168.1.1'] },
    'both.example.com': { a: ['93.184.216.34'], aaaa: ['::1'] },
    'mail.example.com': { a: ['93.184.216.34'] },
  }
  let box: ImapInbox
  let walled: TestApp
  beforeAll(async () => {
    walled = await testApp({ dns: names })
    box = await imapInbox(walled)
  })
  afterAll(() => walled[Symbol.asyncDispose]())

  test.each([
    ['127.0.0.1', 993],
    ['2130706433', 993],
    ['0x7f.1', 993],
    ['10.1.2.3', 993],
    ['169.254.169.254', 143],
    ['::1', 993],
    ['::ffff:127.0.0.1', 993],
    ['inner.example.com', 993],
    ['both.example.com', 993],
    ['mail.example.com', 22],
    ['mail.example.com', 25],
  ])('%s port %d is refused when a source is made', async (host, port) => {
    await expect(box.add({ host, port, username: 'ada', password: 'x' })).rejects.toMatchObject({
      code: 'url_blocked',
      issues: [{ path: ['host'] }],
    })
  })

  test('a name that leads inside later on is refused when it is fetched, and nobody is connected to', async () => {
    const source = await box.add({ host: 'mail.example.com', username: 'ada', password: 'x' })
    names['mail.example.com'].a.splice(0, 1, '127.0.0.1')
    expect(await box.fetch(source)).toEqual({ fetched: 0, ingested: 0, problem: 'blocked_host' })
  })
})
