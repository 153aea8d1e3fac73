import type { Compilable, CompiledQuery, Kysely } from 'kysely'
import type { Connection, Engine } from './database.ts'
import type { Schema } from './schema.ts'

/** A statement that is built and compiled once for each engine and then only run. */
export interface Statement<P, R> {
  all(db: Connection, values: P): Promise<R[]>
  first(db: Connection, values: P): Promise<R | undefined>
  /** How many rows it changed. */
  change(db: Connection, values: P): Promise<number>
  /** Changes rows, and nobody asks how many: where a transaction is shared, this does not wait for the answer. */
  write(db: Connection, values: P): Promise<void>
}

/** Stands for a value while a statement is compiled. */
class Slot {
  readonly name: string
  constructor(name: string) {
    this.name = name
  }
}

/**
 * Compiles what `build` makes of named values once, since building and compiling costs more than running. `build` must not look at
 * the values: they are stand-ins.
 */
export function statement<P extends object, R>(
  build: (db: Kysely<Schema>, values: P, engine: Engine) => Compilable<R>,
): Statement<P, R> {
  const compiled = new Map<Engine, CompiledQuery<R>>()
  const bind = (db: Connection, values: P): CompiledQuery<R> => {
    let query = compiled.get(db.engine)
    if (!query) {
      query = build(db.kysely, slots<P>(), db.engine).compile()
      compiled.set(db.engine, query)
      db.engine.keep(query.sql)
    }
    const record = values as Record<string, unknown>
    const parameters = query.parameters.map((p) => (p instanceof Slot ? record[p.name] : p))
    return { ...query, parameters }
  }
  const execute = (db: Connection, values: P) =>
    db.shared ? db.shared.send(bind(db, values)) : db.kysely.executeQuery(bind(db, values))
  return {
    all: async (db, values) => (await execute(db, values)).rows,
    first: async (db, values) => (await execute(db, values)).rows[0],
    change: async (db, values) => Number((await execute(db, values)).numAffectedRows ?? 0),
    async write(db, values) {
      const writing = execute(db, values)
      if (db.shared) db.shared.behind(writing)
      else await writing
    },
  }
}

function slots<P extends object>(): P {
  return new Proxy({} as P, { get: (_, name) => new Slot(String(name)) })
}

/** One stand-in for each column of a row, to insert it. */
export function rowOf<K extends string>(values: object, columns: readonly K[]): Record<K, never> {
  const slot = values as Record<K, never>
  return Object.fromEntries(columns.map((name) => [name, slot[name]])) as Record<K, never>
}
