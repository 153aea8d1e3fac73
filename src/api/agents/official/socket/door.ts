import type { App } from '../../../../core/app.ts'
import type { SocketDoor } from '../../../dialect.ts'
import { authenticate } from '../../auth.ts'
import { EventBodies } from './event-bodies.ts'
import { Session } from './session.ts'

/** The socket of the official clients: the key comes as `api_key` in the URL, in the header, or both; then the header counts. */
export const socket: SocketDoor = {
  authenticate(app: App, request: Request) {
    const key = new URL(request.url).searchParams.get('api_key')
    if (key === null || request.headers.has('authorization')) return authenticate(app, request)
    // A key with characters that no header can hold is unknown like any other.
    const authorization = `Bearer ${encodeURIComponent(key)}`
    return authenticate(app, new Request(request.url, { headers: { authorization } }))
  },
  open(app) {
    const bodies = new EventBodies(app)
    return (opened) => {
      const session = new Session(app, opened, bodies)
      opened.onText((text) => session.take(text))
    }
  },
}
