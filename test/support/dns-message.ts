import { isIPv4 } from 'node:net'
import ipaddr from 'ipaddr.js'

/** The few things of RFC 1035 that a test server says, byte for byte. */
export const types = { a: 1, cname: 5, ptr: 12, mx: 15, txt: 16, aaaa: 28 } as const
export type RecordType = keyof typeof types

export interface Question {
  name: string
  type: number
}

export interface ResourceRecord {
  name: string
  type: RecordType
  ttl: number
  data: Buffer
}

export interface DnsReply {
  id: number
  question: Question
  responseCode: number
  answers: ResourceRecord[]
}

/** With `maxBytes`, a longer reply is cut down to its question and says so. */
export function encodeReply(reply: DnsReply, maxBytes = 65_535): Buffer {
  const whole = encode(reply, false)
  return whole.length <= maxBytes ? whole : encode({ ...reply, answers: [] }, true)
}

export const addressData = (text: string) => Buffer.from(ipaddr.parse(text).toByteArray())
export const mxData = (priority: number, exchange: string) => Buffer.concat([uint16(priority), nameData(exchange)])
/** One char is one byte. */
export const txtData = (chunks: readonly string[]) =>
  Buffer.concat(chunks.flatMap((chunk) => [Buffer.from([chunk.length]), Buffer.from(chunk, 'latin1')]))

export function nameData(name: string): Buffer {
  const labels = name.replace(/\.$/, '').split('.').filter(Boolean)
  return Buffer.concat([...labels.flatMap((l) => [Buffer.from([l.length]), Buffer.from(l)]), Buffer.from([0])])
}

export function reverseName(address: string): string {
  if (isIPv4(address)) return `${address.split('.').reverse().join('.')}.in-addr.arpa`
  const digits = addressData(address).toString('hex')
  return `${[...digits].reverse().join('.')}.ip6.arpa`
}

function encode({ id, question, responseCode, answers }: DnsReply, truncated: boolean): Buffer {
  const flags = 0x8180 | (truncated ? 0x0200 : 0) | responseCode
  return Buffer.concat([
    ...[id, flags, 1, answers.length, 0, 0].map(uint16),
    ...[nameData(question.name), uint16(question.type), uint16(1)],
    ...answers.map(encodeRecord),
  ])
}

function encodeRecord({ name, type, ttl, data }: ResourceRecord): Buffer {
  const head = [nameData(name), uint16(types[type]), uint16(1), uint16(ttl >>> 16), uint16(ttl & 0xffff)]
  return Buffer.concat([...head, uint16(data.length), data])
}

function uint16(n: number): Buffer {
  return Buffer.from([n >>> 8, n & 0xff])
}
