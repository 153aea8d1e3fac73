/** How a signature that cannot pass is called in Authentication-Results (RFC 8601 §2.7.1). */
export type DkimFailure = 'fail' | 'policy' | 'temperror' | 'permerror'

/** The end of one signature's verification: `result` is the word to report, the message says why. */
export class DkimError extends Error {
  override name = 'DkimError'
  readonly result: DkimFailure
  constructor(result: DkimFailure, reason: string) {
    super(reason)
    this.result = result
  }
}
