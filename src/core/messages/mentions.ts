const MAX_TEXTS = 32

/** The texts that a query asks for anywhere in sender, recipients and subject: what stands between its blanks, each once. */
export function mentionsOf(query: string): string[] {
  const texts = new Set(query.toLowerCase().split(/[\s\0]+/))
  texts.delete('')
  return [...texts].slice(0, MAX_TEXTS)
}
