import { afterAll, beforeAll, describe } from 'vitest'
import { type Opened, openSqlite } from './open.ts'
import { storeContracts } from './store.contracts.ts'

describe('the store on SQLite', () => {
  let opened: Opened
  beforeAll(async () => {
    opened = await openSqlite()
  })
  afterAll(() => opened[Symbol.asyncDispose]())
  storeContracts(() => opened)
})
