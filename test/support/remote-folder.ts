import { execFileSync } from 'node:child_process'
import {
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'

let serial = 0

/** A Maildir that Dovecot serves, looked at and changed as files, beside it. */
export class RemoteFolder {
  readonly #path: string
  readonly #home: string

  constructor(home: string, name?: string) {
    this.#home = home
    this.#path = name === undefined ? join(home, 'mail') : join(home, 'mail', `.${name}`)
  }

  /** Puts mails in, as a delivery agent would; lines end as the network has them. */
  put(...mails: (string | Buffer)[]): void {
    for (const sub of ['cur', 'new', 'tmp']) mkdirSync(join(this.#path, sub), { recursive: true })
    for (const mail of mails) {
      const name = `${1_760_000_000 + ++serial}.M${serial}P${process.pid}.test`
      const bytes = typeof mail === 'string' ? Buffer.from(mail.replace(/\r?\n/g, '\r\n')) : mail
      writeFileSync(join(this.#path, 'new', name), bytes)
    }
    this.#give()
  }

  /** The flags of every mail there is, in the order they were put in: `S` seen, `T` deleted. */
  flags(): string[] {
    return this.#files().map((file) => /:2,(\w*)$/.exec(file)?.[1] ?? '')
  }

  /** Flags the mail at this place, as another client would. */
  flag(at: number, letters: string): void {
    const file = this.#files()[at]!
    const [name] = file.slice(file.indexOf('/') + 1).split(':')
    renameSync(join(this.#path, file), join(this.#path, 'cur', `${name}:2,${letters}`))
  }

  /** All numbers of the folder are other ones from now on, as after a restore. */
  renumber(): void {
    const list = join(this.#path, 'dovecot-uidlist')
    const header = readFileSync(list, 'utf8').split('\n')[0]!
    const own = readdirSync(this.#path).filter((name) => name.startsWith('dovecot'))
    for (const name of own) rmSync(join(this.#path, name))
    // The format of Dovecot: version, UIDVALIDITY, the next UID, what else it knows.
    const other = header.replace(/ V(\d+)/, (_, validity) => ` V${Number(validity) + 1}`).replace(/ N\d+/, ' N1')
    writeFileSync(list, `${other}\n`)
    this.#give()
  }

  /** Takes the mail at this place out, as another client would. */
  remove(at: number): void {
    rmSync(join(this.#path, this.#files()[at]!))
  }

  #files(): string[] {
    const all = ['cur', 'new'].flatMap((sub) => {
      const path = join(this.#path, sub)
      return existsSync(path) ? readdirSync(path).map((name) => `${sub}/${name}`) : []
    })
    return all.sort((a, b) => a.slice(4).localeCompare(b.slice(4)))
  }

  #give(): void {
    if (process.getuid?.() !== 0) return
    const { uid, gid } = statSync(join(this.#home, '..'))
    execFileSync('chown', ['-R', `${uid}:${gid}`, this.#home])
    chownSync(this.#home, uid, gid)
  }
}
