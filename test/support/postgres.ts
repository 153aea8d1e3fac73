import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { inject } from 'vitest'
import './postgres-setup.ts'

/** A fresh, empty database on the PostgreSQL of this test run; dropped at the end. */
export async function freshDatabase(): Promise<{ url: string } & AsyncDisposable> {
  const answer = await fetch(inject('postgresGate'))
  const admin = await answer.text()
  if (!answer.ok) throw new Error(admin)
  const name = `test_${randomBytes(6).toString('hex')}`
  await once(admin, `create database ${name}`)
  const url = new URL(admin)
  url.pathname = `/${name}`
  return {
    url: url.href,
    [Symbol.asyncDispose]: () => once(admin, `drop database if exists ${name} with (force)`),
  }
}

async function once(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}
