/** A place between two rows of a list ordered by (time, id). */
export interface Cursor {
  at: number
  id: string
}

/** Which rows of a list: by offset for numbered pages, behind a cursor for lists that must not drift. */
export interface PageRequest {
  limit: number
  offset?: number
  after?: Cursor
  /** Oldest first; the default is newest first. */
  ascending?: boolean
  /** Nobody asks how many there are in all, so nothing is counted. */
  uncounted?: boolean
}

/** `total` counts all matching rows, not the page; where nothing was to be counted, it is that of the page. */
export interface Page<T> {
  items: T[]
  total: number
}
