import type { App } from '../../core/app.ts'
import { Failure, type FailureCode } from '../../core/errors.ts'
import { takePushedMail } from '../../core/messages/push.ts'
import { smtpCodes } from '../../core/smtp-codes.ts'
import { readBytes } from '../body.ts'
import type { Page } from './page.ts'

const statuses: Partial<Record<FailureCode, number>> = {
  unauthenticated: 401,
  disabled: 403,
  not_found: 404,
  relay_denied: 404,
  too_large: 413,
  rate_limited: 429,
  unavailable: 503,
}

/** Where mail is pushed to by whoever takes it in elsewhere, a Cloudflare Email Worker for one. A refusal tells what SMTP would have said. */
export function ingestPage(app: App): Page {
  return {
    method: 'POST',
    path: '/ingest/v1/raw',
    async handle(request) {
      try {
        const field = (name: string) => request.headers.get(name) ?? ''
        await takePushedMail(app, {
          mailFrom: field('x-envelope-from')
            .trim()
            .replace(/^<(.*)>$/, '$1'),
          rcptTo: field('x-envelope-to').trim(),
          timestamp: field('x-ingest-timestamp'),
          signature: field('x-ingest-signature').toLowerCase(),
          read: async () => Buffer.from(await readBytes(request, app.settings.maxMessageBytes)),
        })
        return Response.json({ accepted: true })
      } catch (error) {
        if (!(error instanceof Failure)) throw error
        return refuse(error)
      }
    },
  }
}

function refuse({ code, message }: Failure): Response {
  const [replyCode, enhancedCode, text] = smtpCodes[code]
  const body = {
    error: { code: code.toUpperCase(), message },
    smtp: { code: replyCode, enhancedCode, text, reject: `${replyCode} ${enhancedCode} ${text}` },
  }
  return Response.json(body, { status: statuses[code] ?? 422 })
}
