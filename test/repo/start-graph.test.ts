import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '../..')

/** Prints the packages that are loaded with the server, before anything was asked of it. */
const program = `
  import { registerHooks } from 'node:module'
  const packages = new Set()
  registerHooks({
    load(url, context, next) {
      const name = /node_modules\\/((?:@[^/]+\\/)?[^/]+)/.exec(url)?.[1]
      if (name) packages.add(name)
      return next(url, context)
    },
  })
  await import('./src/server.ts')
  console.log(JSON.stringify([...packages]))
  process.exit()
`

test('what only some servers need is not loaded at the start: it is loaded by whoever needs it first', () => {
  const run = spawnSync(process.execPath, ['--input-type=module', '-e', program], { cwd: root, encoding: 'utf8' })
  const packages: string[] = JSON.parse(run.stdout)
  expect(packages).toEqual(expect.arrayContaining(['hono', 'kysely', 'zod']))
  const heavy = ['pg', 'imapflow', 'nodemailer', 'sanitize-html', 'ws', 'undici', 'pino-pretty']
  expect(packages.filter((name) => heavy.includes(name) || /^@(aws-sdk|smithy)\//.test(name))).toEqual([])
})
