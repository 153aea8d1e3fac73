/** What one message may cost. Beyond a limit the message is still read: the rest stays in its bytes, and a defect says so. */
export interface MimeLimits {
  /** Multiparts inside each other; a deeper one is kept unopened. */
  depth: number
  /** Nodes of the part tree. */
  parts: number
  headerFields: number
  /** Bytes of one field, and of all fields together, that are decoded. */
  fieldBytes: number
  headBytes: number
  addressesPerField: number
  /** Bytes of text, and as many of HTML, before their charset is applied. */
  textBytes: number
  defects: number
}

export const defaultLimits: MimeLimits = {
  depth: 50,
  parts: 1000,
  headerFields: 2000,
  fieldBytes: 262_144,
  headBytes: 2_097_152,
  addressesPerField: 2000,
  textBytes: 5_242_880,
  defects: 50,
}
