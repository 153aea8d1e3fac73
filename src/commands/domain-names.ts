import type { App } from '../core/app.ts'

const PAGE = 200

/** The names of all domains whose mail is ours, in their order. */
export async function domainNames(app: Pick<App, 'store'>): Promise<string[]> {
  const names: string[] = []
  for (;;) {
    const page = await app.store.read.domains.localNames(names.at(-1) ?? '', PAGE)
    names.push(...page)
    if (page.length < PAGE) return names
  }
}
