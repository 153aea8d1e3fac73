import type { Caller } from '../core/accounts/caller.ts'
import type { App } from '../core/app.ts'
import type { Refusal, RefusalReply } from './refusal.ts'
import type { Route } from './route.ts'
import type { OpenSocket } from './sockets/open-socket.ts'

/** How a dialect speaks over WebSockets. */
export interface SocketDoor {
  /** Who is asking; throws a refusal when nobody we know is. Asked again when the key has changed. */
  authenticate(app: App, request: Request): Promise<Caller>
  /** Prepares for sockets; the answer serves one. */
  open(app: App): (socket: OpenSocket) => void
}

/** One of the HTTP languages that the core is spoken to in. */
export interface Dialect {
  name: string
  title: string
  description: string
  /** Where it is mounted, without a slash at the end. */
  prefixes: readonly string[]
  /** Where another dialect is mounted at the same prefix: whether a request is for this one. `path` begins behind the prefix. */
  claims?(request: Request, prefix: string, path: string): boolean
  /** By operation name, in the order of the documents. */
  routes: Readonly<Record<string, Route>>
  /** Who is asking; throws a refusal when nobody we know is. */
  authenticate(app: App, request: Request): Promise<Caller>
  /** Search parameters as the shapes expect them; absent, as they are. */
  readQuery?(search: URLSearchParams): Record<string, string | string[]>
  toReply(refusal: Refusal, requestId: string): RefusalReply
  /** Sockets at its prefixes. */
  socket?: SocketDoor
  /** For the OpenAPI document. */
  docs: {
    /** A Security Scheme Object. */
    security: Record<string, unknown>
    /** JSON Schema of the body of a refusal. */
    error: Record<string, unknown>
  }
}
