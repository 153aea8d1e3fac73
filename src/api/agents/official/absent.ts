type Nullable<T> = { [K in keyof T]: null extends T[K] ? K : undefined extends T[K] ? K : never }[keyof T]

/** The same fields, those that may be null being left out instead. */
export type Present<T> = Omit<T, Nullable<T> & keyof T> & {
  [K in Nullable<T> & keyof T]?: Exclude<T[K], null | undefined>
}

/** What this dialect has no value for is absent, never null. */
export function present<T extends object>(fields: T): Present<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value != null)) as Present<T>
}

/** A list that is absent when it would be empty. */
export function some<T>(list: readonly T[]): T[] | null {
  return list.length > 0 ? [...list] : null
}
