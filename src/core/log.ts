/** Where core tells operators what happened. Fields never hold secrets or bodies. */
export interface Log {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** For tests that do not care. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} }
