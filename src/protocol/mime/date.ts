const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']

// RFC 5322 §4.3, in minutes; the military letters mean "unknown", so they and any other word count as UTC.
const ZONES: Record<string, number> = {
  EST: -300,
  EDT: -240,
  CST: -360,
  CDT: -300,
  MST: -420,
  MDT: -360,
  PST: -480,
  PDT: -420,
  CET: 60,
  MET: 60,
  CEST: 120,
  MEST: 120,
  BST: 60,
  EET: 120,
  EEST: 180,
  JST: 540,
}

const MAX_LENGTH = 200
const TIME = String.raw`(\d{1,2})[:.](\d{1,2})(?:[:.](\d{1,2})(?:[.,]\d{1,9})?)?(?:\s*([ap])\.?m\b\.?)?`
const ZONE = String.raw`(?:[a-z]{1,5})?\s?[+-]\d{1,2}:?\d{2}|[a-z]{1,5}`

// `Fri, 04 May 2001 14:05:44 -0400`; asctime's `Wed Jun 19 18:12:02 MET DST 1996`; ISO 8601.
const MAIL_DATE = new RegExp(
  String.raw`(?:^|[\s,])(\d{1,2})(?:st|nd|rd|th)?[\s-]{1,3}([a-z]{3})[a-z]*\.?,?[\s-]{1,3}(\d{2,4})(?:,?\s+${TIME}\s*(${ZONE})?)?`,
  'i',
)
const ASCTIME = new RegExp(
  String.raw`([a-z]{3})[a-z]*\.?\s+(\d{1,2}),?\s+${TIME}\s+(?:(${ZONE})\s+)?(?:dst\s+)?(\d{4})`,
  'i',
)
const ISO = new RegExp(String.raw`(\d{4})-(\d{2})-(\d{2})(?:[t\s]+${TIME}\s*(${ZONE})?)?`, 'i')

/** A date-time (RFC 5322 §3.3, obsolete forms of §4.3, and forms only seen in the wild) in epoch milliseconds, or null. */
export function parseDate(value: string): number | null {
  const text = value
    .slice(0, MAX_LENGTH)
    .replace(/\([^()]*\)/g, ' ')
    .replace(/\s+/g, ' ')
  const mail = MAIL_DATE.exec(text)
  if (mail) return toEpoch([mail[3], mail[2], mail[1]], mail.slice(4, 8), mail[8])
  const asctime = ASCTIME.exec(text)
  if (asctime) return toEpoch([asctime[8], asctime[1], asctime[2]], asctime.slice(3, 7), asctime[7])
  const iso = ISO.exec(text)
  return iso ? toEpoch([iso[1], iso[2], iso[3]], iso.slice(4, 8), iso[8]) : null
}

type Texts = (string | undefined)[]

function toEpoch(
  [yearText, monthText, dayText]: Texts,
  [hours, minutes, seconds, half]: Texts,
  zone: string | undefined,
) {
  const year = fullYear(yearText!)
  const month = /^\d/.test(monthText!) ? Number(monthText) - 1 : MONTHS.indexOf(monthText!.toLowerCase())
  const day = Number(dayText)
  const hour = hourOfDay(Number(hours ?? 0), half?.toLowerCase())
  const minute = Number(minutes ?? 0)
  // A leap second is the last of its minute here.
  const second = Math.min(Number(seconds ?? 0), 59)
  if (month < 0 || month > 11 || hour > 24 || minute > 59 || year < 1) return null
  const date = new Date(0)
  date.setUTCFullYear(year, month, day)
  if (date.getUTCMonth() !== month || date.getUTCDate() !== day) return null
  return date.setUTCHours(hour, minute - offsetMinutes(zone), second, 0)
}

function hourOfDay(hour: number, half: string | undefined): number {
  if (half === undefined || hour > 12) return hour
  return (hour % 12) + (half === 'p' ? 12 : 0)
}

/** RFC 5322 §4.3: two digits below 50 are of this century, three digits count from 1900. */
function fullYear(text: string): number {
  const year = Number(text)
  if (text.length === 2) return year < 50 ? 2000 + year : 1900 + year
  return text.length === 3 ? 1900 + year : year
}

function offsetMinutes(zone: string | undefined): number {
  const numeric = /([+-])(\d{1,2}):?(\d{2})$/.exec(zone ?? '')
  if (!numeric) return ZONES[(zone ?? '').toUpperCase()] ?? 0
  const minutes = Number(numeric[2]) * 60 + Number(numeric[3])
  // Beyond a day it says nothing.
  if (minutes >= 24 * 60) return 0
  return numeric[1] === '-' ? -minutes : minutes
}
