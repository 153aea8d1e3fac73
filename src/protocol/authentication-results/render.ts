/** What one method found (RFC 8601 §2.7), with what it looked at: `{ 'smtp.mailfrom': 'ann@example.com' }`. */
export interface MethodResult {
  method: 'spf' | 'dkim' | 'dmarc' | 'arc' | 'iprev' | 'auth'
  result: 'none' | 'pass' | 'fail' | 'softfail' | 'neutral' | 'policy' | 'temperror' | 'permerror'
  reason?: string
  properties?: Readonly<Record<PropertyName, string>>
}

type PropertyName = `${'smtp' | 'header' | 'body' | 'policy'}.${string}`

const MAX_VALUE = 256
const LINE = 78

/**
 * The value of an Authentication-Results field (RFC 8601 §2.2), folded with CRLF and tab. Values may come from anybody: what is not
 * a plain word or address is quoted, so none of them can end the field or add a result. Letters beyond ASCII stay (RFC 6532 §3.2);
 * what cannot be seen, and what some readers take for ASCII, becomes `?`.
 */
export function renderAuthenticationResults(authservId: string, results: readonly MethodResult[]): string {
  const parts = results.length === 0 ? [['none']] : results.map(renderResult)
  return [[toValue(authservId)], ...parts].map(fold).join(';\r\n\t')
}

function renderResult({ method, result, reason, properties = {} }: MethodResult): string[] {
  const told = reason === undefined ? [] : [`reason=${quote(reason)}`]
  return [
    `${method}=${result}`,
    ...told,
    ...Object.entries(properties).map(([name, value]) => `${name}=${toValue(value)}`),
  ]
}

function fold(words: readonly string[]): string {
  let room = LINE
  return words.reduce((text, word) => {
    room -= word.length + 1
    if (text === '' || room >= 0) return text === '' ? word : `${text} ${word}`
    room = LINE - word.length
    return `${text}\r\n\t${word}`
  }, '')
}

// RFC 2045 §5.1 `token`, and the addresses and domains that RFC 8601 §2.2 `pvalue` lets stand unquoted.
const PLAIN = /^[a-z0-9!#$%&'*+._`{|}~^-]+$/i
const ADDRESS = /^([a-z0-9!#$%&'*+/=?_`{|}~^-]+(\.[a-z0-9!#$%&'*+/=?_`{|}~^-]+)*)?@[a-z0-9_-]+(\.[a-z0-9_-]+)*$/i

function toValue(text: string): string {
  return text.length <= MAX_VALUE && (PLAIN.test(text) || ADDRESS.test(text)) ? text : quote(text)
}

function quote(text: string): string {
  return `"${text
    .slice(0, MAX_VALUE)
    .replace(/[^\x20-\x7e]/gu, (char) => (isLetterlike(char) ? char : '?'))
    .replace(/["\\]/g, '\\$&')}"`
}

/** False for controls, blanks, halves of surrogate pairs, direction marks, and for `＂`, which is a quote once widths are folded. */
function isLetterlike(char: string): boolean {
  return !/[\p{C}\p{Z}]/u.test(char) && !/[\x00-\x7f]/.test(char.normalize('NFKC'))
}
