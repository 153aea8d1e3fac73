/** `Re: ` in front, unless it is there already. */
export function replySubject(subject: string): string {
  return /^\s*re:/i.test(subject) ? subject : `Re: ${subject}`.trimEnd()
}

/** `Fwd: ` in front, unless it is there already. */
export function forwardSubject(subject: string): string {
  return /^\s*fwd?:/i.test(subject) ? subject : `Fwd: ${subject}`.trimEnd()
}
