/** Something a message does against its standards, and what was made of it is still a result. `code` is kebab-case. */
export interface Defect {
  code: string
  detail?: string
}

/** Collects defects up to a number; each code and detail once, so that a thousand broken parts do not hide the other kinds. */
export interface DefectList {
  add(code: string, detail?: string): void
  list: Defect[]
}

const DETAIL_LENGTH = 200

export function collectDefects(max = 50): DefectList {
  const list: Defect[] = []
  const seen = new Set<string>()
  const add = (code: string, detail?: string) => {
    if (list.length >= max) return
    const short = detail?.slice(0, DETAIL_LENGTH)
    const key = `${code} ${short ?? ''}`
    if (seen.has(key)) return
    seen.add(key)
    list.push(short === undefined ? { code } : { code, detail: short.toWellFormed() })
  }
  return { add, list }
}
