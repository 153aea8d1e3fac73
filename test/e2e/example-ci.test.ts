import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { startServerProcess, temporaryFolder } from '../support/server-process.ts'

const root = join(import.meta.dirname, '../..')

test('the sign-up test of examples/ci passes against a fresh server', { timeout: 60_000 }, async () => {
  using folder = temporaryFolder()
  await using server = await startServerProcess(folder.path)
  const { stdout } = await promisify(execFile)(process.execPath, ['--test', 'examples/ci/sign-up.test.mjs'], {
    cwd: root,
    env: {
      PATH: process.env.PATH,
      POSTHOUSE_URL: server.url,
      POSTHOUSE_KEY: server.apiKey,
      POSTHOUSE_SMTP_PORT: String(server.smtpPort),
    },
  })
  console.log(/from the sign-up to the confirmed code: \d+ ms/.exec(stdout)?.[0])
  expect(stdout).toMatch(/pass 2\n/)
})
