import { createHash } from 'node:crypto'
import { sameBytes } from '../secrets.ts'
import { isPassword } from './password.ts'

const MAX = 10_000

/**
 * Looks passwords up in what was found right before: programs log in for each mail, and scrypt takes a twentieth of a second. Kept in
 * memory only, as SHA-256, which is enough for 190 random bits; another password has another hash in the store and is looked at anew.
 */
export class RememberedPasswords {
  readonly #right = new Map<string, Buffer>()

  async isPassword(password: string, kept: string): Promise<boolean> {
    const digest = createHash('sha256').update(password).digest()
    const known = this.#right.get(kept)
    if (known && sameBytes(known, digest)) return true
    if (!(await isPassword(password, kept))) return false
    if (this.#right.size >= MAX) this.#right.clear()
    this.#right.set(kept, digest)
    return true
  }
}
