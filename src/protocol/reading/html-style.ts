/** What a `style` attribute does to the visibility of words; absent where it says nothing. */
export interface Style {
  /** The element takes no room at all. */
  gone: boolean
  /** Drawn, yet not to be seen: one word that says how. */
  faint?: 'transparent' | 'outside'
  /** True from zero to one pixel; false for any other size, which undoes what is above. */
  tiny?: boolean
  colour?: Colour
  /** Null for what cannot be told: a picture, a gradient, a variable. */
  background?: Colour | null
}

export type Colour = readonly [red: number, green: number, blue: number]

const NOTHING: Style = { gone: false }

/** Reads the declarations that can hide words. Every character is passed once. */
export function readStyle(source: string): Style {
  if (!HIDING.test(source)) return NOTHING
  const said = new Map<string, string>()
  for (const declaration of source.toLowerCase().split(';')) {
    const colon = declaration.indexOf(':')
    if (colon < 0) continue
    const name = declaration.slice(0, colon).trim()
    if (relevant.has(name))
      said.set(
        name,
        declaration
          .slice(colon + 1, colon + 200)
          .replace('!important', '')
          .trim(),
      )
  }
  return said.size === 0 ? NOTHING : toStyle(said)
}

const HIDING = /display|visib|hide|size|height|width|opacity|colou?r|background|indent|left|top|clip/i

const relevant = new Set(
  'display visibility mso-hide opacity font-size max-height height max-width width overflow color background background-color text-indent position left top clip clip-path'.split(
    ' ',
  ),
)

function toStyle(said: ReadonlyMap<string, string>): Style {
  const style: Style = { gone: isGone(said) }
  const size = said.get('font-size')
  if (size !== undefined) style.tiny = isTiny(size)
  if (isNothing(said.get('opacity')) || said.get('color') === 'transparent') style.faint = 'transparent'
  else if (isOutside(said)) style.faint = 'outside'
  const colour = toColour(said.get('color'))
  if (colour) style.colour = colour
  const background = said.get('background-color') ?? said.get('background')
  if (background !== undefined && !/^(?:transparent|none|inherit|initial|unset|)$/.test(background))
    style.background = toColour(background) ?? null
  return style
}

function isGone(said: ReadonlyMap<string, string>): boolean {
  if (said.get('display') === 'none' || said.get('visibility') === 'hidden' || said.get('mso-hide') === 'all')
    return true
  const clipped = said.get('overflow') === 'hidden'
  const flat = ['max-height', 'height', 'max-width', 'width'].some((name) => isNothing(said.get(name)))
  if (clipped && flat) return true
  const unseen =
    isNothing(said.get('max-height')) || isNothing(said.get('opacity')) || said.get('color') === 'transparent'
  return isNothing(said.get('font-size')) && unseen
}

function isNothing(value: string | undefined): boolean {
  return value !== undefined && /^0?(?:\.0*)?0(?:px|pt|em|rem|%)?$/.test(value)
}

function isTiny(size: string): boolean {
  const number = /^(\d{0,6}(?:\.\d{1,6})?)(px|pt|em|rem|%)?$/.exec(size)
  if (!number || number[1] === '') return false
  const value = Number(number[1])
  return value === 0 || ((number[2] === 'px' || number[2] === 'pt') && value <= 1)
}

function isOutside(said: ReadonlyMap<string, string>): boolean {
  const far = (value: string | undefined) =>
    value !== undefined && /^-\d{3,9}(?:\.\d{0,9})?(?:px|pt|em|rem|%)$/.test(value)
  if (far(said.get('text-indent'))) return true
  const placed = said.get('position')
  if (placed !== 'absolute' && placed !== 'fixed') return false
  const clip = `${said.get('clip') ?? ''} ${said.get('clip-path') ?? ''}`
  return (
    far(said.get('left')) || far(said.get('top')) || /rect\(0|rect\(1px[, ]+1px[, ]+1px|inset\((?:50|100)%/.test(clip)
  )
}

const names: ReadonlyMap<string, Colour> = new Map([
  ['white', [255, 255, 255]],
  ['black', [0, 0, 0]],
  ['red', [255, 0, 0]],
  ['silver', [192, 192, 192]],
  ['gray', [128, 128, 128]],
  ['grey', [128, 128, 128]],
  ['navy', [0, 0, 128]],
  ['blue', [0, 0, 255]],
  ['yellow', [255, 255, 0]],
  ['green', [0, 128, 0]],
  ['whitesmoke', [245, 245, 245]],
  ['snow', [255, 250, 250]],
  ['ivory', [255, 255, 240]],
])

/** A colour as styles and old attributes write it; undefined for what is none, or none that we can tell. */
export function toColour(text: string | undefined): Colour | undefined {
  if (text === undefined || /url\(|gradient|var\(/.test(text)) return undefined
  const value = text.trim()
  const hex = /#([0-9a-f]{6}|[0-9a-f]{3})(?![0-9a-f])/i.exec(value)?.[1]
  if (hex !== undefined) return fromHex(hex)
  const parts = /rgba?\(\s*(\d{1,3})[\s,]+(\d{1,3})[\s,]+(\d{1,3})(?:[\s,/]+([\d.]{1,8}%?))?\s*\)/i.exec(value)
  if (parts) return isNothing(parts[4]) ? undefined : [Number(parts[1]), Number(parts[2]), Number(parts[3])]
  return names.get(value.toLowerCase().split(/\s/, 1)[0]!)
}

function fromHex(hex: string): Colour {
  const digits = hex.length === 3 ? hex.replace(/./g, '$&$&') : hex
  const part = (at: number) => Number.parseInt(digits.slice(at, at + 2), 16)
  return [part(0), part(2), part(4)]
}

/** So close to each other that nobody sees a difference. */
export function isSameColour(a: Colour, b: Colour): boolean {
  return a.every((part, i) => Math.abs(part - b[i]!) <= 8)
}
