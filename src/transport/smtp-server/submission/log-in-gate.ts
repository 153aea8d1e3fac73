import type { App } from '../../../core/app.ts'
import { type Credentials, type Login, logIn } from '../../../core/submission/login.ts'
import { SCRYPT_BYTES } from '../../../core/submission/password.ts'
import { RememberedPasswords } from '../../../core/submission/remembered-passwords.ts'
import { ByteBudget } from '../byte-budget.ts'
import { hostOf } from '../guests.ts'
import { reply } from '../refusal.ts'
import type { Session } from '../session.ts'
import { Failures } from './failures.ts'

const MAX_FAILURES = 5
const WINDOW_MS = 60_000
/** The others wait. The threads that work on passwords are those that read files and names too. */
const PASSWORDS_AT_ONCE = 2

/** Lets in who knows a password, and stops who guesses: five times a minute as one user, or from one host. */
export class LogInGate {
  readonly #failures = new Failures({ max: MAX_FAILURES, windowMs: WINDOW_MS })
  readonly #passwords = new RememberedPasswords()
  readonly #budget = new ByteBudget(PASSWORDS_AT_ONCE * SCRYPT_BYTES)

  /** Undefined when user or password is wrong. */
  async logIn(session: Session, credentials: Credentials): Promise<Login | undefined> {
    const { app, remoteAddress } = session
    const names = [`host ${hostOf(remoteAddress)}`, `user ${credentials.username.toLowerCase().slice(0, 320)}`]
    // Looked at when it is our turn, and not before: many guesses at once are many guesses.
    using _turn = await this.#budget.take(SCRYPT_BYTES)
    if (names.some((name) => this.#failures.tooMany(name, app.clock.now()))) {
      throw session.end(reply(421, '4.7.0', 'Too many failed logins: try again in a minute'))
    }
    const login = await logIn(app, this.#passwords, credentials)
    if (!login) this.#note(app, names, session)
    return login
  }

  #note(app: App, names: string[], { remoteAddress }: Session): void {
    app.log.info({ remoteAddress }, 'a login for submission failed')
    for (const name of names) this.#failures.note(name, app.clock.now())
  }
}
