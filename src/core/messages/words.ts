import { deserialize, serialize } from 'node:v8'

/** What a mail says, as text and as HTML, whole and without what it quotes. */
export interface Words {
  text: string | null
  html: string | null
  extractedText: string | null
  extractedHtml: string | null
}

/**
 * Words on their way from the thread that reads a mail to the one that files it. Those between pass on a piece of memory, and no
 * strings that would have to be copied, kept and collected. Only for this process: the form changes with V8.
 */
export type PackedWords = Uint8Array<ArrayBuffer>

/** In place of a text that is the same as the one before. */
const SAME = 0

export function packWords({ text, html, extractedText, extractedHtml }: Words): PackedWords {
  return serialize([
    text,
    html,
    extractedText === text ? SAME : extractedText,
    extractedHtml === html ? SAME : extractedHtml,
  ])
}

export function unpackWords(packed: PackedWords): Words {
  const [text, html, newText, newHtml] = deserialize(packed)
  return {
    text,
    html,
    extractedText: newText === SAME ? text : newText,
    extractedHtml: newHtml === SAME ? html : newHtml,
  }
}
