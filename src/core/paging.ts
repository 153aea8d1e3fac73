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
}

/** `total` counts all matching rows, not the page. */
export interface Page<T> {
  items: T[]
  total: number
}
