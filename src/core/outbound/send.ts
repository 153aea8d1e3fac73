import { type Caller, demand } from '../accounts/caller.ts'
import type { App } from '../app.ts'
import { reachMailbox } from '../mailboxes/mailboxes.ts'
import { loadAttachments } from './attachments.ts'
import { checkRequest } from './check-request.ts'
import { checkDraft, type SendRequest } from './draft.ts'
import type { Enqueued } from './enqueue-command.ts'
import { once } from './once.ts'
import { submit } from './submit.ts'

/** Sends a new message: it opens a thread of its own. With an idempotency key, the same call answers the same again. */
export async function sendMessage(
  app: App,
  caller: Caller,
  mailboxId: string,
  request: SendRequest,
  idempotencyKey: string | null = null,
  gone?: AbortSignal,
): Promise<Enqueued> {
  checkRequest(request, idempotencyKey)
  demand(caller, 'message_send')
  const draft = checkDraft(request, [app.settings.mailDomain])
  const mailbox = await reachMailbox(app, caller, mailboxId)
  return once(
    app,
    mailbox,
    idempotencyKey,
    ['send', request],
    async (id) => {
      const attachments = await loadAttachments(app, request.attachments)
      const ancestry = { inReplyTo: null, references: [], joins: null }
      return submit(app, mailbox, {
        id,
        draft,
        attachments,
        idempotencyKey,
        trackOpens: request.trackOpens,
        ...ancestry,
      })
    },
    gone && { caller, gone },
  )
}
