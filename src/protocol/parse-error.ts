/** Input that its grammar does not allow. Every parser below `protocol/` returns a value or throws this, never anything else. */
export class ParseError extends Error {
  override name = 'ParseError'
}
