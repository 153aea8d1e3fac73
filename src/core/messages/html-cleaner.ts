export interface CleaningOptions {
  /** Leaves images of other servers where they are. */
  remoteImages?: boolean
}

/**
 * Makes the HTML of a mail safe to show, in bounded time, off the main thread. It never refuses: what cannot be cleaned in time comes
 * back as its words alone.
 */
export interface HtmlCleaner {
  clean(html: string, options?: CleaningOptions): Promise<string>
}
