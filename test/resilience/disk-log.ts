/** The calls that change a disk, or that tell somebody outside: what a power cut falls between. */
export const DISK_CALLS =
  'openat,write,writev,pwrite64,pwritev,ftruncate,fsync,fdatasync,rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,link,linkat'

/** One call as strace tells of it: the lines on which it began and ended. */
interface Call {
  name: string
  args: string
  result: string
  begin: number
  end: number
}

/** Something that was done, in the order of the log. */
export type Step =
  | { at: number; kind: 'write'; path: string; bytes: Buffer; offset: number | null }
  | { at: number; kind: 'truncate'; path: string; length: number }
  | { at: number; kind: 'create'; path: string; empty: boolean }
  | { at: number; kind: 'mkdir'; path: string }
  | { at: number; kind: 'rename' | 'link'; from: string; path: string }
  | { at: number; kind: 'unlink'; path: string }
  | { at: number; kind: 'sync-begins' | 'sync-ends'; path: string; sync: number }
  /** Bytes to a socket, at the moment when they leave. */
  | { at: number; kind: 'told'; text: string }

/** Reads what `strace -f -y -xx -s …` wrote. Failed calls are left out. */
export function readDiskLog(log: string): Step[] {
  const steps = pairUp(log.split('\n')).flatMap(toSteps)
  return steps.sort((a, b) => a.at - b.at)
}

function pairUp(lines: string[]): Call[] {
  const open = new Map<string, { text: string; begin: number }>()
  const calls: Call[] = []
  for (const [at, line] of lines.entries()) {
    const [, pid = '', text = ''] = /^(\d+) +(.*)$/s.exec(line) ?? []
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/s.exec(text)
    if (text.endsWith('<unfinished ...>')) {
      open.set(pid, { text: text.slice(0, -'<unfinished ...>'.length), begin: at })
      continue
    }
    const began = resumed ? open.get(pid) : { text: '', begin: at }
    if (!began) continue
    const whole = began.text + (resumed ? resumed[1] : text)
    const paren = whole.indexOf('(')
    const equals = whole.lastIndexOf(') ')
    if (paren < 1 || equals < 0) continue
    const result = whole.slice(equals + 1).replace(/^ *= */, '')
    const args = whole.slice(paren + 1, equals)
    if (!result.startsWith('-1')) calls.push({ name: whole.slice(0, paren), args, result, begin: began.begin, end: at })
  }
  return calls
}

let syncs = 0

function toSteps({ name, args, result, begin, end }: Call): Step[] {
  const fdPath = decode(/^\d+<([^>]*)>/.exec(args)?.[1] ?? '').toString()
  const paths = strings(args).map((s) => s.toString())
  if (/^(p?write(64|v)?)$/.test(name)) return writeSteps({ name, args, begin }, fdPath)
  if (name === 'ftruncate')
    return [{ at: begin, kind: 'truncate', path: fdPath, length: Number(/, *(\d+) *$/.exec(args)?.[1]) }]
  if (name === 'fsync' || name === 'fdatasync') {
    const sync = ++syncs
    return [
      { at: begin, kind: 'sync-begins', path: fdPath, sync },
      { at: end, kind: 'sync-ends', path: fdPath, sync },
    ]
  }
  const [first = '', second = ''] = paths
  if (name === 'openat') {
    const path = decode(/<([^>]*)>/.exec(result)?.[1] ?? '').toString()
    return args.includes('O_CREAT') ? [{ at: begin, kind: 'create', path, empty: args.includes('O_TRUNC') }] : []
  }
  if (name.startsWith('mkdir')) return [{ at: begin, kind: 'mkdir', path: first }]
  if (name.startsWith('unlink')) return [{ at: begin, kind: 'unlink', path: first }]
  const kind = name.startsWith('rename') ? 'rename' : 'link'
  return [{ at: begin, kind, from: first, path: second }]
}

function writeSteps({ name, args, begin }: Pick<Call, 'name' | 'args' | 'begin'>, path: string): Step[] {
  const bytes = Buffer.concat(strings(args))
  if (/^(socket|TCP|UNIX)/.test(path)) return [{ at: begin, kind: 'told', text: bytes.toString('latin1') }]
  if (!path.startsWith('/')) return []
  const offset = name.startsWith('p') ? Number(/, *(\d+) *$/.exec(args)?.[1]) : null
  return [{ at: begin, kind: 'write', path, bytes, offset }]
}

function strings(args: string): Buffer[] {
  return [...args.matchAll(/"((?:\\x[0-9a-f]{2})*)"/g)].map((match) => decode(match[1] ?? ''))
}

function decode(text: string): Buffer {
  return text.includes('\\x') ? Buffer.from(text.replaceAll('\\x', ''), 'hex') : Buffer.from(text)
}
