import type { Config } from '../config.ts'
import { Failure } from '../core/errors.ts'
import { setCatchAll } from '../core/mailboxes/catch-all.ts'
import { openApp } from '../open-app.ts'

/** Says where mail to the unknown addresses of a domain goes: into one mailbox, or nowhere. */
export async function changeCatchAll(
  config: Config,
  domain: string,
  mailbox: string | undefined,
  { none = false }: { none?: boolean },
): Promise<void> {
  if (none === (mailbox !== undefined)) throw new Failure('invalid', 'Say a mailbox or --none')
  await using opened = await openApp(config)
  await setCatchAll(opened.app, domain, mailbox ?? null)
  console.error(
    mailbox === undefined
      ? `Mail to unknown addresses of ${domain} is refused again`
      : `Mail to unknown addresses of ${domain} comes to ${mailbox}`,
  )
}
