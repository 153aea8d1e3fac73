/** Something at a fixed place that belongs to no dialect and asks for no key. */
export interface Page {
  method: 'GET' | 'POST'
  path: string
  /** `params` are raw path segments. */
  handle(request: Request, params: Record<string, string>, requestId: string): Promise<Response>
}
