import type { Ledger, MailEntry } from './ledger.ts'
import { SmtpWire, toData, WireLost, type WireReply } from './smtp-wire.ts'

export interface Target {
  url: string
  smtpPort: number
  apiKey: string
}

export interface LoadOptions {
  smtpConnections: number
  apiClients: number
}

/** Mails and sends without pause, until `signal` says that it is enough or the server is gone. Everything goes into the books. */
export async function runLoad(
  target: Target,
  ledger: Ledger,
  options: LoadOptions,
  signal: AbortSignal,
): Promise<void> {
  const workers = [
    ...Array.from({ length: options.smtpConnections }, () => mailOver(target, ledger, signal)),
    ...Array.from({ length: options.apiClients }, () => sendOver(target, ledger, signal)),
  ]
  await Promise.all(workers)
}

type Mail = ReturnType<Ledger['nextMail']>

/** One connection, each envelope sent along with the message before it (RFC 2920). */
async function mailOver({ smtpPort }: Target, ledger: Ledger, signal: AbortSignal): Promise<void> {
  let current: Mail | undefined
  let wire: SmtpWire | undefined
  try {
    wire = await SmtpWire.open(smtpPort)
    current = ledger.nextMail()
    wire.write(envelope(current.entry))
    while (await accepted(wire, current.entry, ledger)) {
      const next: Mail | undefined = signal.aborted ? undefined : ledger.nextMail()
      wire.write(Buffer.concat([toData(current.raw), Buffer.from(next ? envelope(next.entry) : 'QUIT\r\n')]))
      settle(ledger, current, await wire.reply())
      current = next
      if (!current) break
    }
  } catch (error) {
    if (!(error instanceof WireLost)) throw error
  } finally {
    if (current?.entry.fate === 'unknown') ledger.mailsInDoubt.push(current)
    wire?.close()
  }
}

function envelope({ to }: MailEntry): string {
  return `MAIL FROM:<load@load.test>\r\n${to.map((a) => `RCPT TO:<${a}>\r\n`).join('')}DATA\r\n`
}

/** Reads the replies to an envelope. From then on the mail is for those only who were accepted. */
async function accepted(wire: SmtpWire, entry: MailEntry, ledger: Ledger): Promise<boolean> {
  const replies: WireReply[] = []
  for (let i = 0; i < entry.to.length + 2; i++) replies.push(await wire.reply())
  for (const { code, text } of replies) if (code >= 400) ledger.refused(`envelope ${text}`)
  const goesOn = replies.at(-1)?.code === 354
  if (goesOn) entry.to = entry.to.filter((_, i) => replies[i + 1]?.code === 250)
  return goesOn
}

function settle(ledger: Ledger, mail: Mail, { code, text }: { code: number; text: string }): void {
  if (code === 250) mail.entry.fate = 'acknowledged'
  else {
    ledger.refused(text)
    ledger.mailsInDoubt.push(mail)
  }
}

async function sendOver({ url, apiKey }: Target, ledger: Ledger, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const entry = ledger.nextSend()
    const answer = await fetch(`${url}/api/v0/inboxes/${entry.from}/messages/send`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${apiKey}`,
        'content-type': 'application/json',
        'idempotency-key': entry.subject.replace(' ', '-'),
      },
      body: JSON.stringify({ to: entry.to, subject: entry.subject, text: `This is ${entry.subject}.` }),
    })
      .then(
        async (response) => ({ status: response.status, text: await response.text(), headers: response.headers }),
        () => undefined,
      )
      .catch(() => undefined)
    if (answer?.status === 200) entry.fate = 'acknowledged'
    else {
      // The call that the kill cut off counts as running for some minutes: then its fate stays unknown.
      if (answer?.status !== 409) ledger.sendsInDoubt.push(entry)
      if (!answer) return
      const retryAfter = answer.headers.get('retry-after')
      ledger.refused(`${answer.status} ${JSON.parse(answer.text).code} retry-after=${retryAfter}`)
      await pause(signal, 100)
    }
  }
}

function pause(signal: AbortSignal, ms: number): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener('abort', () => resolve(), { once: true })
    signal.addEventListener('abort', () => clearTimeout(timer), { once: true })
  })
}

/** A few clients that begin anew whenever they are sent away. */
export function loadOf(target: Target, ledger: Ledger, each = 2): AsyncDisposable {
  const stop = new AbortController()
  const client = async (options: LoadOptions) => {
    while (!stop.signal.aborted) {
      await runLoad(target, ledger, options, stop.signal)
      await pause(stop.signal, 50)
    }
  }
  const running = [client({ smtpConnections: each, apiClients: 0 }), client({ smtpConnections: 0, apiClients: each })]
  return {
    async [Symbol.asyncDispose]() {
      stop.abort()
      await Promise.all(running)
    },
  }
}
