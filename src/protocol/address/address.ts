/** A mailbox as the reader of a header sees it (RFC 5322 §3.4): who, and the addr-spec. */
export interface Address {
  name: string | null
  address: string
}
