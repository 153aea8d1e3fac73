/** Thrown through a command when there is nobody left to answer. */
export class SessionEnded extends Error {
  override name = 'SessionEnded'
}
