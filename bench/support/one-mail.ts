import { type SmtpWire, toData } from '../../test/resilience/smtp-wire.ts'
import type { MailForm } from './mails.ts'

/** Sends one mail up to its last dot; answers when that was. The reply is still to come. */
export async function sendOne(wire: SmtpWire, address: string, form: MailForm, name: string): Promise<number> {
  wire.write(`MAIL FROM:<${form.mailFrom}>\r\nRCPT TO:<${address}>\r\nDATA\r\n`)
  for (const expected of [250, 250, 354]) await expectReply(wire, expected)
  const dot = performance.now()
  wire.write(toData(Buffer.from(`Message-ID: <${name}@bench.example>\r\n${form.text}`)))
  return dot
}

export async function expectReply(wire: SmtpWire, expected: number): Promise<void> {
  const { code, text } = await wire.reply()
  if (code !== expected) throw new Error(text)
}
