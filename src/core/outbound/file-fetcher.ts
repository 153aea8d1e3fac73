/** A file somebody pointed to by its URL. */
export interface FetchedFile {
  content: Buffer
  /** From Content-Disposition or the last path segment. */
  filename: string | null
  contentType: string | null
}

/**
 * Fetches what callers name by URL, without ever reaching a private address that the operator did not allow.
 * Throws `Failure`: `url_blocked`, `fetch_failed` or `too_large`.
 */
export interface FileFetcher {
  fetch(url: string, maxBytes: number): Promise<FetchedFile>
}
