/** A bounce, complaint or delivery as Amazon SES tells it through SNS mail: one JSON object on top of the text. */
export interface SesNotification {
  kind: 'bounce' | 'complaint' | 'delivered'
  recipients: { address: string; action: string | null; status: string | null; diagnostic: string | null }[]
  feedbackType: string | null
  permanent: boolean
  messageId: string | null
}

type Json = Record<string, unknown>

export function readSesNotification(text: string): SesNotification | null {
  const opening = text.trimStart()
  if (!opening.startsWith('{')) return null
  const value = parse(opening.split(/\n--\s*\n/, 1)[0]?.slice(0, 200_000) ?? '')
  const type = value?.notificationType ?? value?.eventType
  if (!value || typeof type !== 'string') return null
  const messageId = originalMessageId(object(value.mail))
  switch (type) {
    case 'Bounce':
      return { ...bounced(object(value.bounce)), messageId }
    case 'Complaint':
      return { ...complained(object(value.complaint)), messageId }
    case 'Delivery':
      return { ...delivered(object(value.delivery)), messageId }
    default:
      return null
  }
}

function originalMessageId(mail: Json): string | null {
  const named = list(mail.headers)
    .map(object)
    .find((h) => text1(h.name)?.toLowerCase() === 'message-id')
  return text1(object(mail.commonHeaders).messageId) ?? text1(named?.value)
}

// The mail program may have folded the line; a fold never stands for anything inside the object.
function parse(json: string): Json | null {
  try {
    return object(JSON.parse(json.replace(/\n/g, '')))
  } catch {
    return null
  }
}

const object = (value: unknown): Json => (typeof value === 'object' && value !== null ? (value as Json) : {})
const list = (value: unknown): unknown[] => (Array.isArray(value) ? value.slice(0, 200) : [])
const text1 = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null)

type Told = Omit<SesNotification, 'messageId'>

function bounced(bounce: Json): Told {
  const recipients = list(bounce.bouncedRecipients)
    .map(object)
    .map((r) => ({
      address: text1(r.emailAddress) ?? '',
      action: text1(r.action),
      status: text1(r.status),
      diagnostic: text1(r.diagnosticCode),
    }))
  return { kind: 'bounce', recipients, feedbackType: null, permanent: bounce.bounceType === 'Permanent' }
}

function complained(complaint: Json): Told {
  const recipients = list(complaint.complainedRecipients).map((r) => ({
    address: text1(object(r).emailAddress) ?? '',
    action: null,
    status: null,
    diagnostic: null,
  }))
  return { kind: 'complaint', recipients, feedbackType: text1(complaint.complaintFeedbackType), permanent: false }
}

function delivered(delivery: Json): Told {
  const diagnostic = text1(delivery.smtpResponse)
  const recipients = list(delivery.recipients).map((r) => ({
    address: text1(r) ?? '',
    action: 'delivered',
    status: null,
    diagnostic,
  }))
  return { kind: 'delivered', recipients, feedbackType: null, permanent: false }
}
