/** Where mail to the outside world goes. Mail to mailboxes here never takes one of these. */
export type DeliveryRoute =
  /** Captured, shown, never leaves the machine. */
  | { kind: 'sandbox' }
  /** Handed to another server that sees to the rest. */
  | { kind: 'smarthost'; host: string; port: number; secure: boolean; user: string | null; password: string | null }
