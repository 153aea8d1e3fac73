import type { HtmlToken } from './html-scan.ts'
import { readStyle } from './html-style.ts'

export type OpenTag = HtmlToken & { type: 'open' }

const words = (text: string) => new Set(text.split(/\s+/))

/** Elements that stand on lines of their own. */
export const BLOCK =
  words(`address article aside blockquote body caption center dd details dialog dir div dl dt fieldset figcaption
figure footer form frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html li legend listing main menu nav ol p pre section summary table
tbody tfoot thead tr ul`)

/** Blocks with an empty line above and below. */
export const PARAGRAPH = words('p h1 h2 h3 h4 h5 h6 ul ol dl table blockquote pre figure')

/** Elements that may stand in the head; any other begins the body. */
const METADATA = words('head html title meta link base style script noscript template object bgsound basefont command')

export const endsHead = (name: string) => !METADATA.has(name) && !name.includes(':') && name !== 'xml'

/** Content that is never shown as words. */
const UNSHOWN = words('script style title template object applet svg math canvas audio video select datalist head')

/** Whether what stands in the element is no words at all, shown or not. */
export const isUnshown = (name: string) => UNSHOWN.has(name)

// Most styles hide nothing, and a look is cheaper than reading them.
const MAY_HIDE = /none|hid|size\s*:\s*[0.]/i

/** Whether the tag hides its content: preheaders, and what mail programs show only elsewhere. */
export function hides({ name, attributes }: OpenTag): boolean {
  if (attributes.has('hidden') || UNSHOWN.has(name)) return true
  const style = attributes.get('style')
  return style !== undefined && MAY_HIDE.test(style) && readStyle(style).gone
}
