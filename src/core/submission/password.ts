import { randomBytes, type ScryptOptions, scrypt } from 'node:crypto'
import { sameBytes } from '../secrets.ts'

const LOG_N = 14
const BLOCKS = 8
const HASH_BYTES = 32

/** What one look at a password takes of memory (RFC 7914 §2). */
export const SCRYPT_BYTES = 2 ** LOG_N * BLOCKS * 128

/** As it is kept: scrypt with a salt of its own, written like a PHC string. Works in another thread. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16)
  const hash = await derive(password, salt, { logN: LOG_N, blocks: BLOCKS })
  return `$scrypt$ln=${LOG_N},r=${BLOCKS},p=1$${salt.toString('base64url')}$${hash.toString('base64url')}`
}

/** True for the password that was hashed. */
export async function isPassword(password: string, kept: string): Promise<boolean> {
  const [, logN, blocks, salt = '', hash = ''] = /^\$scrypt\$ln=(\d+),r=(\d+),p=1\$([\w-]+)\$([\w-]+)$/.exec(kept) ?? []
  const derived = await derive(password, Buffer.from(salt, 'base64url'), { logN: Number(logN), blocks: Number(blocks) })
  return sameBytes(derived, Buffer.from(hash, 'base64url'))
}

function derive(password: string, salt: Buffer, { logN, blocks }: { logN: number; blocks: number }): Promise<Buffer> {
  const cost: ScryptOptions = { N: 2 ** logN, r: blocks, p: 1, maxmem: 2 * SCRYPT_BYTES }
  return new Promise((resolve, reject) => {
    scrypt(password, salt, HASH_BYTES, cost, (error, hash) => (error ? reject(error) : resolve(hash)))
  })
}
