import { afterAll, beforeAll, describe } from 'vitest'
import { type Opened, openPostgres } from './open.ts'
import { storeContracts } from './store.contracts.ts'

describe('the store on PostgreSQL', () => {
  let opened: Opened
  beforeAll(async () => {
    opened = await openPostgres()
  })
  afterAll(() => opened[Symbol.asyncDispose]())
  storeContracts(() => opened)
})
