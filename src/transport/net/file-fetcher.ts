import { Failure } from '../../core/errors.ts'
import type { FetchedFile, FileFetcher } from '../../core/outbound/file-fetcher.ts'
import { fileNameOf } from './file-name.ts'
import { GuardedFetch, type GuardedFetchOptions } from './guarded-fetch.ts'

const TIMEOUT_MS = 15_000
const MAX_REDIRECTS = 3

/** Fetches the files that customers attach by URL. */
export class GuardedFileFetcher implements FileFetcher, AsyncDisposable {
  readonly #guarded: GuardedFetch

  constructor(options: GuardedFetchOptions) {
    this.#guarded = new GuardedFetch(options)
  }

  async fetch(url: string, maxBytes: number): Promise<FetchedFile> {
    const limits = { timeoutMs: TIMEOUT_MS, maxBytes, excess: 'refuse', maxRedirects: MAX_REDIRECTS } as const
    const response = await this.#guarded.fetch(url, limits)
    if (response.status !== 200) throw new Failure('fetch_failed', `The URL answered ${response.status}`)
    return {
      content: response.body,
      filename: fileNameOf(response.headers.get('content-disposition'), response.url),
      contentType: response.headers.get('content-type'),
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#guarded[Symbol.asyncDispose]()
  }
}
