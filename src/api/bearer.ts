import { HttpRefusal } from './refusal.ts'

/** The token of `Authorization: Bearer <token>`: the scheme in any case, exactly one token (RFC 6750 §2.1). */
export function bearerToken(request: Request): string {
  const field = request.headers.get('authorization') ?? ''
  const token = /^bearer +([^\s,]+)$/i.exec(field)?.[1]
  if (!token) throw new HttpRefusal('no_credentials', 'An Authorization header with a Bearer key is required')
  return token
}
