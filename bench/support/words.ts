const SYLLABLES = 'ka lo mi ter ran sol vi en da pro nu sta re mo li fen gar tu bel os ri'.split(' ')
const VOCABULARY = 20_000

/** Words of a made-up language, some frequent and most rare, as words are; the same ones for the same seed. */
export class Words {
  #state: number

  constructor(seed: number) {
    this.#state = seed | 1
  }

  /** From 0 up to, not including, 1 (xorshift, 32 bits). */
  random(): number {
    this.#state ^= this.#state << 13
    this.#state ^= this.#state >>> 17
    this.#state ^= this.#state << 5
    return (this.#state >>> 0) / 2 ** 32
  }

  /** The n-th word is as frequent as 1/n (Zipf). */
  word(): string {
    return wordAt(Math.floor(VOCABULARY ** this.random()))
  }

  line(words: number): string {
    return Array.from({ length: words }, () => this.word()).join(' ')
  }

  /** Some text in lines of twelve words. */
  lines(sizeBytes: number): string {
    let text = ''
    while (text.length < sizeBytes) text += `${this.line(12).slice(0, 74)}\r\n`
    return text
  }
}

/** The word of a rank; the first ranks are the frequent ones. */
export function wordAt(rank: number): string {
  let word = ''
  for (let n = rank + 20; n > 0; n = Math.floor(n / SYLLABLES.length)) word += SYLLABLES[n % SYLLABLES.length]
  return word
}
