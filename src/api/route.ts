import type { z } from 'zod'
import type { Caller } from '../core/accounts/caller.ts'
import type { Scope } from '../core/accounts/model.ts'
import type { App } from '../core/app.ts'
import type { RefusalCode } from './refusal.ts'

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

const MIB = 1024 * 1024
/** What a request body may weigh where nothing else is said. */
const DEFAULT_BODY_BYTES = MIB
/** For bodies that carry attachments in base64. */
export const MAIL_BODY_BYTES = 35 * MIB

/** A request that passed every check of the edge. */
export interface Call<Params extends string = string, Query = unknown, Body = unknown> {
  app: App
  caller: Caller
  /** Decoded path segments. */
  params: Record<Params, string>
  query: Query
  body: Body
  /** For header fields; its body is read already. */
  request: Request
}

/** An answer with another status than the usual one of its route, or with header fields of its own. */
export class Answer<T> {
  readonly status: number
  readonly value: T
  readonly headers: Record<string, string>

  constructor(status: number, value: T, headers: Record<string, string> = {}) {
    this.status = status
    this.value = value
    this.headers = headers
  }
}

/** One endpoint. The request checks and the OpenAPI document are both made from it. */
export interface Route {
  method: Method
  /** With `:name` for what varies; relative to the dialect's prefix. */
  path: string
  summary: string
  query?: z.ZodType
  body?: z.ZodType
  /** Shape of the JSON answer; without one the answer is 204 or bytes. */
  reply?: z.ZodType
  /** What the answer's bytes are, when it is no JSON. */
  produces?: string
  status: number
  /** Statuses of other good answers, with what they mean. */
  otherwise: Record<number, string>
  /** What it may refuse beside that which its shape tells: see `refused.ts`. */
  refuses: RefusalCode[]
  /** Header fields that it understands, with what they do. */
  headers: Record<string, string>
  maxBodyBytes: number
  /** A GET that hands something out, or holds on: HEAD, which promises to do nothing, is no method here. */
  handsOut?: boolean
  /** What a key must hold for the request to be read any further. Absent, core alone decides, and a bad request is refused first. */
  scope?: Scope
  /** Answers whoever asks, key or not; its caller is `nobody`. */
  open?: boolean
  handle(call: Call): Promise<unknown>
}

type ParamsOf<Path extends string> = Path extends `${string}:${infer Name}/${infer Rest}`
  ? Name | ParamsOf<`/${Rest}`>
  : Path extends `${string}:${infer Name}`
    ? Name
    : never

type Unset = z.ZodUndefined

// Without a shape there is nothing to say, or there are bytes. What is too large to be held comes as a response that is written while it is read.
type Handled<Reply extends z.ZodType> = Reply extends Unset
  ? unknown
  : z.input<Reply> | Answer<z.input<Reply>> | Response

interface RouteSpec<Path extends string, Query extends z.ZodType, Body extends z.ZodType, Reply extends z.ZodType>
  extends Partial<
    Pick<
      Route,
      'produces' | 'status' | 'otherwise' | 'refuses' | 'headers' | 'maxBodyBytes' | 'handsOut' | 'scope' | 'open'
    >
  > {
  method: Method
  path: Path
  summary: string
  query?: Query
  body?: Body
  reply?: Reply
  handle(call: Call<ParamsOf<Path>, z.output<Query>, z.output<Body>>): Promise<Handled<Reply>>
}

/** Describes one endpoint; the types of `handle` follow from its path and shapes. */
export function route<
  const Path extends string,
  Query extends z.ZodType = Unset,
  Body extends z.ZodType = Unset,
  Reply extends z.ZodType = Unset,
>(spec: RouteSpec<Path, Query, Body, Reply>): Route {
  return {
    status: spec.reply || spec.produces ? 200 : 204,
    otherwise: {},
    refuses: [],
    headers: {},
    maxBodyBytes: DEFAULT_BODY_BYTES,
    ...spec,
  } as Route
}
