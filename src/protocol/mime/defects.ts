/** Something a message does against its standards, and what was made of it is still a result. `code` is kebab-case. */
export interface Defect {
  code: string
  detail?: string
}

/** Collects defects up to a number, and few of each code, so that a thousand broken parts do not hide the other kinds. */
export interface DefectList {
  add(code: string, detail?: string): void
  list: Defect[]
}

const DETAIL_LENGTH = 200
const MAX_OF_ONE_CODE = 5

export function collectDefects(max = 50): DefectList {
  const list: Defect[] = []
  const add = (code: string, detail?: string) => {
    const short = detail?.slice(0, DETAIL_LENGTH).toWellFormed()
    const same = list.filter((d) => d.code === code)
    if (list.length >= max || same.length >= MAX_OF_ONE_CODE || same.some((d) => d.detail === short)) return
    list.push(short === undefined ? { code } : { code, detail: short })
  }
  return { add, list }
}
