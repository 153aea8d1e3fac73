import { Failure } from '../../core/errors.ts'

// POSIX.1-2024, pax: "ustar interchange format". Names of up to 100 characters, plain files only: all that a backup needs.
const BLOCK = 512
/** Far above the largest message, so that a damaged length cannot fill the memory. */
const MAX_ENTRY_BYTES = 1024 * 1024 * 1024

export interface TarEntry {
  name: string
  bytes: Buffer
}

/** One file of an archive: its header, its bytes, and zeros up to the next block. */
export function tarEntry({ name, bytes }: TarEntry, mtimeMs: number): Buffer[] {
  const padding = (BLOCK - (bytes.length % BLOCK)) % BLOCK
  return [header(name, bytes.length, mtimeMs), bytes, Buffer.alloc(padding)]
}

/** What an archive ends with. */
export function tarEnd(): Buffer {
  return Buffer.alloc(2 * BLOCK)
}

function header(name: string, size: number, mtimeMs: number): Buffer {
  const block = Buffer.alloc(BLOCK)
  if (Buffer.byteLength(name) > 100) throw new Error(`The name is too long for an archive: ${name}`)
  block.write(name, 0)
  block.write('0000600\0', 100)
  block.write('0000000\0', 108)
  block.write('0000000\0', 116)
  block.write(`${octal(size, 11)}\0`, 124)
  block.write(`${octal(Math.floor(mtimeMs / 1000), 11)}\0`, 136)
  block.write('        ', 148)
  block.write('0', 156)
  block.write('ustar\x0000', 257)
  block.write(`${octal(sum(block), 6)}\0 `, 148)
  return block
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0')
}

function sum(block: Buffer): number {
  let total = 0
  for (const byte of block) total += byte
  return total
}

/** The files of an archive, one after the other. Throws `Failure` for what is none, or ends in the middle. */
export async function* readTar(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<TarEntry> {
  const input = new Input(chunks[Symbol.asyncIterator]())
  for (;;) {
    const block = await input.take(BLOCK)
    if (block.every((byte) => byte === 0)) return
    const { name, size } = readHeader(block)
    const bytes = await input.take(size)
    await input.take((BLOCK - (size % BLOCK)) % BLOCK)
    yield { name, bytes }
  }
}

function readHeader(block: Buffer): { name: string; size: number } {
  const stated = number(block, 148, 8)
  const counted = sum(block) - sum(block.subarray(148, 156)) + 8 * 32
  if (block.toString('latin1', 257, 262) !== 'ustar' || stated !== counted) throw damaged('a header is wrong')
  const size = number(block, 124, 12)
  if (size > MAX_ENTRY_BYTES) throw damaged('a file in it is too large')
  return { name: block.toString('utf8', 0, 100).replace(/\0.*$/s, ''), size }
}

function number(block: Buffer, start: number, length: number): number {
  const text = block.toString('latin1', start, start + length).replace(/[\0 ]+$/, '')
  if (!/^[0-7]{1,11}$/.test(text)) throw damaged('a header is wrong')
  return Number.parseInt(text, 8)
}

function damaged(what: string): Failure {
  return new Failure('unprocessable', `This is no whole backup: ${what}`)
}

/** Bytes in the portions that are asked for. */
class Input {
  readonly #chunks: AsyncIterator<Uint8Array>
  #rest: Uint8Array = Buffer.alloc(0)

  constructor(chunks: AsyncIterator<Uint8Array>) {
    this.#chunks = chunks
  }

  async take(size: number): Promise<Buffer> {
    const parts: Uint8Array[] = []
    let missing = size
    while (missing > 0) {
      if (this.#rest.length === 0) {
        const next = await this.#chunks.next()
        if (next.done) throw damaged('it ends in the middle')
        this.#rest = next.value
        continue
      }
      const part = this.#rest.subarray(0, missing)
      parts.push(part)
      missing -= part.length
      this.#rest = this.#rest.subarray(part.length)
    }
    return Buffer.concat(parts, size)
  }
}
