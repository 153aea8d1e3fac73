/** Where mail to the outside world goes. Mail to mailboxes here never takes one of these. */
export type DeliveryRoute =
  /** Captured, shown, never leaves the machine. */
  | { kind: 'sandbox' }
  /** To the servers that the recipient's domain names in the DNS. */
  | { kind: 'direct' }
  /** Handed to another server that sees to the rest. */
  | { kind: 'smarthost'; host: string; port: number; secure: boolean; user: string | null; password: string | null }
  /** Handed to Resend over its HTTP API. `endpoint` has no slash at the end. */
  | { kind: 'resend'; key: string; endpoint: string }
  /** Handed to Amazon SES. Without keys those of the machine are used, without an endpoint the one of the region. */
  | { kind: 'ses'; region: string; accessKeyId: string | null; secretAccessKey: string | null; endpoint: string | null }
