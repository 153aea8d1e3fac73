import type { AddressInfo } from 'node:net'
import dns2 from 'dns2'
import type { FakeRecords } from '../fakes/dns-zone.ts'
import {
  addressData,
  encodeReply,
  mxData,
  nameData,
  type RecordType,
  type ResourceRecord,
  reverseName,
  txtData,
  types,
} from './dns-message.ts'

/** The records of a name; `ptr` belongs to an address. Texts are one char a byte. */
export type ZoneRecords = FakeRecords & { ttl?: number }
export type Zone = Record<string, ZoneRecords>

/** What fits into a UDP packet; more makes the client come back over TCP. */
const MAX_UDP_BYTES = 1_232
const NAME_ERROR = 3
const SERVER_FAILURE = 2

/** A real name server on the loopback, over UDP and TCP, for one zone that may be changed at any time. */
export class DnsServer implements AsyncDisposable {
  zone: Zone
  /** As `TXT example.com`, in the order they came; `tcp` in front of those over TCP. */
  readonly questions: string[] = []
  readonly #udp = dns2.createUDPServer((request, send) => void this.#answer(request, send, 'udp'))
  readonly #tcp = dns2.createTCPServer((request, send) => void this.#answer(request, send, 'tcp'))
  #port = 0

  private constructor(zone: Zone) {
    this.zone = zone
  }

  static async start(zone: Zone): Promise<DnsServer> {
    for (let tries = 0; ; tries++) {
      const server = new DnsServer(zone)
      try {
        await server.#listen()
        return server
      } catch (error) {
        // The port that was free for UDP need not be for TCP.
        if (tries === 5) throw error
      }
    }
  }

  /** As the resolver wants it. */
  get address(): string {
    return `127.0.0.1:${this.#port}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(
      [this.#udp, this.#tcp].map((server) => new Promise<void>((resolve) => server.close(() => resolve()))),
    )
  }

  async #listen(): Promise<void> {
    await this.#udp.listen(0, '127.0.0.1')
    this.#port = (this.#udp.address() as AddressInfo).port
    await new Promise<void>((resolve, reject) => {
      this.#tcp.once('error', reject).listen(this.#port, '127.0.0.1', resolve)
    }).catch(async (error) => {
      await new Promise<void>((resolve) => this.#udp.close(() => resolve()))
      throw error
    })
  }

  #answer(request: dns2.Packet, send: (message: Buffer) => unknown, over: 'udp' | 'tcp'): void {
    const [question] = request.questions
    if (!question) return
    const asked = Object.entries(types).find(([, code]) => code === question.type)?.[0] as RecordType | undefined
    const name = question.name.toLowerCase()
    this.questions.push(`${over === 'tcp' ? 'tcp ' : ''}${(asked ?? String(question.type)).toUpperCase()} ${name}`)
    const found = this.#find(asked, name)
    if (found === 'timeout') return
    const reply = { id: request.header.id, question: { name: question.name, type: Number(question.type) }, ...found }
    send(encodeReply(reply, over === 'udp' ? MAX_UDP_BYTES : undefined))
  }

  #find(type: RecordType | undefined, asked: string): { responseCode: number; answers: ResourceRecord[] } | 'timeout' {
    const answers: ResourceRecord[] = []
    for (let name = asked; ; ) {
      const records = this.#records(name)
      if (!records) return { responseCode: NAME_ERROR, answers }
      if (records.timeout) return 'timeout'
      if (records.servfail || answers.length > 8) return { responseCode: SERVER_FAILURE, answers: [] }
      const { ttl = 300 } = records
      const data = type ? rdata(records, type) : []
      if (type) answers.push(...data.map((bytes) => ({ name, type, ttl, data: bytes })))
      if (data.length > 0 || records.cname === undefined) return { responseCode: 0, answers }
      answers.push({ name, type: 'cname', ttl, data: nameData(records.cname) })
      name = records.cname.toLowerCase()
    }
  }

  #records(name: string): ZoneRecords | undefined {
    const found = Object.entries(this.zone).find(
      ([key, { ptr }]) => (ptr ? reverseName(key) : key.toLowerCase()) === name,
    )
    return found?.[1]
  }
}

function rdata(records: ZoneRecords, type: RecordType): Buffer[] {
  const make: Record<RecordType, () => Buffer[]> = {
    a: () => (records.a ?? []).map(addressData),
    aaaa: () => (records.aaaa ?? []).map(addressData),
    cname: () => (records.cname === undefined ? [] : [nameData(records.cname)]),
    ptr: () => (records.ptr ?? []).map(nameData),
    mx: () =>
      (records.mx ?? []).map((mx, i) =>
        typeof mx === 'string' ? mxData(10 * (i + 1), mx) : mxData(mx.priority, mx.exchange),
      ),
    txt: () => (records.txt ?? []).map((text) => txtData(typeof text === 'string' ? [text] : text)),
  }
  return make[type]()
}
