import { createServer, type Server, type Socket } from 'node:net'

/** What a command is answered with; `argument` is all behind its name. */
export type ImapAnswer = (socket: Socket, tag: string, argument: string) => void

export interface ScriptedImap extends AsyncDisposable {
  port: number
  /** Everything that clients sent. */
  heard: string[]
  /** How many clients are there. */
  open(): number
}

export interface ImapScript {
  greeting?: (socket: Socket) => void
  /** By command, `UID FETCH` among them; takes the place of what a decent server says. */
  answers?: Record<string, ImapAnswer>
  /** UID and bytes of each message, in their order. */
  messages?: { uid: number; raw: string; size?: number }[]
}

/** An IMAP server that says what a test has it say, decent where nothing else is said. In the clear. */
export async function scriptedImap({ greeting, answers = {}, messages = [] }: ImapScript): Promise<ScriptedImap> {
  const heard: string[] = []
  const sockets = new Set<Socket>()
  const known: Record<string, ImapAnswer> = { ...decent(messages), ...answers }
  const server: Server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
    if (greeting) greeting(socket)
    else socket.write('* OK ready\r\n')
    let rest = ''
    socket.on('data', (chunk) => {
      rest += chunk.toString('latin1')
      for (let end = rest.indexOf('\r\n'); end >= 0; end = rest.indexOf('\r\n')) {
        const line = rest.slice(0, end)
        rest = rest.slice(end + 2)
        heard.push(line)
        const [, tag = '', name = '', argument = ''] = /^(\S+)(?: ((?:UID )?\S+) ?(.*))?$/.exec(line) ?? []
        const answer = known[name.toUpperCase()]
        if (answer) answer(socket, tag, argument)
        else if (name === '') socket.write(`${lastTag(heard)} OK in\r\n`)
        else socket.write(`${tag} BAD unknown\r\n`)
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as { port: number }).port,
    heard,
    open: () => sockets.size,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

// The line behind AUTHENTICATE has no tag of its own.
function lastTag(heard: readonly string[]): string {
  return heard.findLast((line) => line.includes(' AUTHENTICATE '))?.split(' ')[0] ?? '*'
}

function decent(messages: NonNullable<ImapScript['messages']>): Record<string, ImapAnswer> {
  const ok =
    (untagged = ''): ImapAnswer =>
    (socket, tag) =>
      void socket.write(`${untagged}${tag} OK done\r\n`)
  const select = `* ${messages.length} EXISTS\r\n* OK [UIDVALIDITY 7] v\r\n* OK [UIDNEXT 4000000000] n\r\n`
  const fetch: ImapAnswer = (socket, tag, argument) => {
    const [from = 1, to = from] = (argument.split(' ')[0] ?? '').split(':').map(Number)
    for (let at = from; at <= Math.min(to, messages.length); at++) {
      const message = messages[at - 1]
      if (message)
        socket.write(`* ${at} FETCH (UID ${message.uid} RFC822.SIZE ${message.size ?? message.raw.length})\r\n`)
    }
    socket.write(`${tag} OK done\r\n`)
  }
  const uidFetch: ImapAnswer = (socket, tag, argument) => {
    const at = messages.findIndex(({ uid }) => uid === Number.parseInt(argument, 10))
    const message = messages[at]
    if (message) {
      socket.write(`* ${at + 1} FETCH (UID ${message.uid} BODY[] {${message.raw.length}}\r\n${message.raw})\r\n`)
    }
    socket.write(`${tag} OK done\r\n`)
  }
  return {
    CAPABILITY: ok('* CAPABILITY IMAP4rev1 UIDPLUS AUTH=PLAIN\r\n'),
    AUTHENTICATE: (socket) => void socket.write('+ \r\n'),
    NAMESPACE: ok('* NAMESPACE (("" "/")) NIL NIL\r\n'),
    LIST: ok('* LIST () "/" INBOX\r\n'),
    LSUB: ok(),
    SELECT: ok(select),
    EXAMINE: ok(select),
    FETCH: fetch,
    'UID FETCH': uidFetch,
    'UID STORE': ok(),
    'UID EXPUNGE': ok(),
    LOGOUT: ok('* BYE bye\r\n'),
  }
}

/** Writes for as long as anybody listens. */
export function forever(socket: Socket, bytes: string | Buffer): void {
  const go = () => {
    while (!socket.destroyed && socket.write(bytes));
  }
  socket.on('drain', go)
  go()
}
