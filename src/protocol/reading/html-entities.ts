/** Decodes the character references of `text`. In an attribute, "&copy=1" without its semicolon stays: it is part of a link. */
export function decodeEntities(text: string, inAttribute = false): string {
  if (!text.includes('&')) return text
  return text.replace(
    REFERENCE,
    (whole: string, hex: string, decimal: string, name: string, stop: string, at: number) => {
      if (name === undefined) return fromCodePoint(hex === undefined ? Number(decimal) : Number.parseInt(hex, 16))
      if (stop === '' && (!withoutStop.has(name) || (inAttribute && text[at + whole.length] === '='))) return whole
      return named.get(name) ?? whole
    },
  )
}

const REFERENCE = /&(?:#[xX]([0-9a-fA-F]{1,8})|#(\d{1,10})|([a-zA-Z][a-zA-Z0-9]{1,31}))(;?)/g

// HTML standard, "numeric character reference end state": 0x80 to 0x9F mean what they mean in windows-1252.
function fromCodePoint(code: number): string {
  if (code >= 0x80 && code <= 0x9f) return new TextDecoder('windows-1252').decode(Uint8Array.of(code))
  if (code === 0 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return '\ufffd'
  return String.fromCodePoint(code)
}

/** The names of U+00A0 to U+00FF in order: the old ones, which may lack their semicolon. */
const latin1 =
  `nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 sup3 acute micro
para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil Egrave Eacute Ecirc
Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave Uacute Ucirc Uuml Yacute THORN szlig
agrave aacute acirc atilde auml aring aelig ccedil egrave eacute ecirc euml igrave iacute icirc iuml eth ntilde ograve oacute ocirc
otilde ouml divide oslash ugrave uacute ucirc uuml yacute thorn yuml`.split(/\s/)

const basic = { quot: '"', amp: '&', lt: '<', gt: '>', QUOT: '"', AMP: '&', LT: '<', GT: '>', COPY: '©', REG: '®' }

/** Names and their characters, in turn: those of HTML 4 and what else mails use. */
const others =
  `apos ' OElig Œ oelig œ Scaron Š scaron š Yuml Ÿ fnof ƒ circ ˆ tilde ˜ Alpha Α Beta Β Gamma Γ Delta Δ Epsilon Ε Zeta Ζ
Eta Η Theta Θ Iota Ι Kappa Κ Lambda Λ Mu Μ Nu Ν Xi Ξ Omicron Ο Pi Π Rho Ρ Sigma Σ Tau Τ Upsilon Υ Phi Φ Chi Χ Psi Ψ Omega Ω alpha α
beta β gamma γ delta δ epsilon ε zeta ζ eta η theta θ iota ι kappa κ lambda λ mu μ nu ν xi ξ omicron ο pi π rho ρ sigmaf ς sigma σ
tau τ upsilon υ phi φ chi χ psi ψ omega ω thetasym ϑ upsih ϒ piv ϖ ndash – mdash — lsquo ‘ rsquo ’ sbquo ‚ ldquo “ rdquo ” bdquo „
dagger † Dagger ‡ bull • hellip … permil ‰ prime ′ Prime ″ lsaquo ‹ rsaquo › oline ‾ frasl ⁄ euro € trade ™ image ℑ weierp ℘ real ℜ
alefsym ℵ larr ← uarr ↑ rarr → darr ↓ harr ↔ crarr ↵ lArr ⇐ uArr ⇑ rArr ⇒ dArr ⇓ hArr ⇔ forall ∀ part ∂ exist ∃ empty ∅ nabla ∇
isin ∈ notin ∉ ni ∋ prod ∏ sum ∑ minus − lowast ∗ radic √ prop ∝ infin ∞ ang ∠ and ∧ or ∨ cap ∩ cup ∪ int ∫ there4 ∴ sim ∼ cong ≅
asymp ≈ ne ≠ equiv ≡ le ≤ ge ≥ sub ⊂ sup ⊃ nsub ⊄ sube ⊆ supe ⊇ oplus ⊕ otimes ⊗ perp ⊥ sdot ⋅ lceil ⌈ rceil ⌉ lfloor ⌊ rfloor ⌋
lang ⟨ rang ⟩ loz ◊ spades ♠ clubs ♣ hearts ♥ diams ♦ num # excl ! comma , period . colon : semi ; lpar ( rpar ) lsqb [ rsqb ]
lbrack [ rbrack ] lcub { rcub } lbrace { rbrace } commat @ dollar $ percnt % ast * plus + equals = quest ? sol / bsol \\ lowbar _
grave \` vert | verbar | hyphen ‐ dash ‐ horbar ― check ✓ cross ✗ star ☆ starf ★ phone ☎ numero № copysr ℗ bullet • Zcaron Ž zcaron ž
Ccaron Č ccaron č Rcaron Ř rcaron ř Ecaron Ě ecaron ě Dcaron Ď dcaron ď Tcaron Ť tcaron ť Ncaron Ň ncaron ň Uring Ů uring ů Lstrok Ł
lstrok ł Aogon Ą aogon ą Eogon Ę eogon ę Sacute Ś sacute ś Zacute Ź zacute ź Zdot Ż zdot ż Cacute Ć cacute ć Nacute Ń nacute ń
Gbreve Ğ gbreve ğ Scedil Ş scedil ş Idot İ imath ı inodot ı Abreve Ă abreve ă Odblac Ő odblac ő Udblac Ű udblac ű Amacr Ā amacr ā
Emacr Ē emacr ē Imacr Ī imacr ī Umacr Ū umacr ū Dstrok Đ dstrok đ ldquor „ rdquor ” lsquor ‚ rsquor ’ hArr ⇔ rarrw ↝ checkmark ✓`.split(
    /\s+/,
  )

const invisible: readonly (readonly [string, string])[] = [
  ['ensp', '\u2002'],
  ['emsp', '\u2003'],
  ['thinsp', '\u2009'],
  ['hairsp', '\u200a'],
  ['numsp', '\u2007'],
  ['puncsp', '\u2008'],
  ['zwnj', '\u200c'],
  ['zwj', '\u200d'],
  ['lrm', '\u200e'],
  ['rlm', '\u200f'],
  ['ZeroWidthSpace', '\u200b'],
  ['NoBreak', '\u2060'],
  ['NonBreakingSpace', '\u00a0'],
  ['Tab', '\t'],
  ['NewLine', '\n'],
]

const withoutStop = new Set([...latin1, ...Object.keys(basic)])
const named = new Map<string, string>([
  ...latin1.map((name, i) => [name, String.fromCharCode(0xa0 + i)] as const),
  ...Object.entries(basic),
  ...invisible,
])
for (let i = 0; i + 1 < others.length; i += 2) named.set(others[i]!, others[i + 1]!)
