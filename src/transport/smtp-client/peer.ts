import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'
import type { SMTPConnectionOptions } from 'nodemailer/lib/smtp-connection'

/** A server to hand mail to, and how to talk to it. */
export interface Peer {
  /** What we call it in records and check its certificate against. */
  host: string
  port: number
  /** `implicit`: from the first byte. `opportunistic`: by STARTTLS where it works, in the clear else (RFC 7435). */
  tls: 'implicit' | 'opportunistic'
  credentials: { user: string; password: string } | null
  /** A yes means that the mail is where it belongs, not only on its way. */
  final: boolean
}

export interface Timeouts {
  connectMs: number
  greetingMs: number
  /** Of silence while a reply is due. */
  replyMs: number
  /** For everything about one consignment: less than the lease of a delivery. */
  attemptMs: number
}

// RFC 5321 §4.5.3.2 asks for more patience in places, but all of it has to fit into the lease.
export const defaultTimeouts: Timeouts = {
  connectMs: 30_000,
  greetingMs: 60_000,
  replyMs: 5 * 60_000,
  attemptMs: 8 * 60_000,
}

export function peerKey({ host, port, tls, credentials }: Peer): string {
  return JSON.stringify([host, port, tls, credentials?.user ?? null, credentials?.password ?? null])
}

export function connectionOptions(peer: Peer, helo: string, timeouts: Timeouts): SMTPConnectionOptions {
  return {
    host: peer.host,
    port: peer.port,
    name: helo,
    secure: peer.tls === 'implicit',
    // Where STARTTLS is offered and fails, mail may go on in the clear, a password may not.
    opportunisticTLS: peer.credentials === null,
    // A certificate that nobody checks is still better than none; on the loopback there is nobody to pretend.
    tls: { rejectUnauthorized: peer.tls === 'implicit' && !isLoopback(peer.host) },
    connectionTimeout: timeouts.connectMs,
    greetingTimeout: timeouts.greetingMs,
    socketTimeout: timeouts.replyMs,
    allowInternalNetworkInterfaces: true,
    maxResponseSize: 64 * 1024,
    logger: false,
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || (isIP(host) !== 0 && ipaddr.process(host).range() === 'loopback')
}
