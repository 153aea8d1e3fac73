import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { eventually } from '../support/api-client.ts'
import { runCommand, startServerProcess, temporaryFolder } from '../support/server-process.ts'

const get = (url: string, key: string) => fetch(url, { headers: { authorization: `Bearer ${key}` } })

test('the first start prints a key that works, the second start prints none and the key still works', async () => {
  using folder = temporaryFolder()
  let key: string | undefined
  {
    await using server = await startServerProcess(folder.path)
    key = server.apiKey
    expect(key).toMatch(/^inai_[0-9A-Za-z]{8}_[0-9A-Za-z]{40}$/)
    expect((await get(`${server.url}/api/v0/organizations`, key ?? '')).status).toBe(200)
    expect(server.output()).toContain('curl')
    expect(await server.stop('SIGTERM')).toBe(0)
  }
  await using server = await startServerProcess(folder.path)
  expect(server.apiKey).toBeUndefined()
  expect((await get(`${server.url}/api/v0/organizations`, key ?? '')).status).toBe(200)
})

test('every wrong setting is listed and nothing starts', async () => {
  using folder = temporaryFolder()
  const run = await runCommand(['serve'], folder.path, { POSTHOUSE_HTTP_PORT: 'x', POSTHOUSE_LOG: 'loud' })
  expect(run.code).toBe(1)
  expect(run.stdout).toBe('')
  expect(run.stderr).toContain('POSTHOUSE_HTTP_PORT: ')
  expect(run.stderr).toContain('POSTHOUSE_LOG: ')
})

test('the root key opens the first organization', async () => {
  using folder = temporaryFolder()
  await using server = await startServerProcess(folder.path, { POSTHOUSE_ROOT_KEY: 'a-text-of-the-operator' })
  const own = await get(`${server.url}/api/v0/organizations`, server.apiKey ?? '')
  const root = await get(`${server.url}/api/v0/organizations`, 'a-text-of-the-operator')
  expect(await root.json()).toEqual(await own.json())
})

test('organizations and keys are made from the command line while the server runs', async () => {
  using folder = temporaryFolder()
  await using server = await startServerProcess(folder.path)
  const made = await runCommand(['org', 'create', 'Harbor Tea', '--json'], folder.path)
  expect({ code: made.code, stderr: made.stderr }).toEqual({ code: 0, stderr: '' })
  const { org_id, api_key } = JSON.parse(made.stdout)
  const organization = await get(`${server.url}/api/v0/organizations`, api_key)
  expect(await organization.json()).toMatchObject({ org_id, name: 'Harbor Tea', inbox_count: 0 })

  const readOnly = await runCommand(['key', 'create', '--org', org_id, '--scopes', 'read', '--json'], folder.path)
  const key = JSON.parse(readOnly.stdout)
  expect(key).toEqual({ key_id: expect.stringMatching(/^key_/), api_key: expect.stringMatching(/^inai_/) })
  expect((await get(`${server.url}/api/v0/inboxes`, key.api_key)).status).toBe(200)
  const refused = await fetch(`${server.url}/api/v0/inboxes`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key.api_key}`, 'content-type': 'application/json' },
    body: '{"username":"ann"}',
  })
  expect(refused.status).toBe(403)
})

test('a key of one project with a list of permissions is made from the command line', async () => {
  using folder = temporaryFolder()
  await using server = await startServerProcess(folder.path)
  const { org_id, api_key } = JSON.parse((await runCommand(['org', 'create', 'Harbor', '--json'], folder.path)).stdout)
  const post = (path: string, key: string, body: object) =>
    fetch(server.url + path, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  const pod = await (await post('/v0/pods', api_key, { client_id: 'ci' })).json()
  const command = ['key', 'create', '--org', org_id, '--project', 'ci', '--json', '--permissions']
  const made = await runCommand([...command, 'inbox_create, inbox_read'], folder.path)
  const key = JSON.parse(made.stdout).api_key
  expect(await (await post('/v0/inboxes', key, {})).json()).toMatchObject({
    pod_id: (pod as { pod_id: string }).pod_id,
  })
  expect((await get(`${server.url}/v0/api-keys`, key)).status).toBe(403)
  const wrong = await runCommand([...command, 'fly'], folder.path)
  expect({ code: wrong.code, stderr: wrong.stderr }).toEqual({ code: 1, stderr: expect.stringContaining('fly') })
})

test('a command with a wrong argument says so and makes nothing', async () => {
  using folder = temporaryFolder()
  const run = await runCommand(['key', 'create', '--org', 'org_nobody', '--json'], folder.path)
  expect({ code: run.code, stdout: run.stdout }).toEqual({ code: 1, stdout: '' })
  expect(run.stderr).toContain('No such organization')
})

test('a start that fails on a taken port says so, and the key still comes with the first one that works', async () => {
  using folder = temporaryFolder()
  using other = temporaryFolder()
  await using first = await startServerProcess(other.path)
  const taken = await runCommand(['serve'], folder.path, { POSTHOUSE_SMTP_PORT: String(first.smtpPort) })
  expect(taken.code).toBe(1)
  expect(taken.stderr).toContain('cannot listen')
  await using server = await startServerProcess(folder.path)
  expect(server.apiKey).toMatch(/^inai_/)
})

test.each([
  ['POSTHOUSE_DATA', '/proc/posthouse/data', 'POSTHOUSE_DATA: /proc/posthouse/data cannot be used as a folder'],
  ['POSTHOUSE_DATA', import.meta.filename, 'cannot be used as a folder (EEXIST)'],
  ['POSTHOUSE_HOST', 'nowhere.invalid', 'Posthouse cannot listen'],
  ['POSTHOUSE_DATABASE_URL', 'postgres://127.0.0.1:1/none', 'POSTHOUSE_DATABASE_URL: the database does not answer'],
])('a start with %s=%s says what is wrong in a line', async (name, value, expected) => {
  using folder = temporaryFolder()
  const run = await runCommand(['serve'], folder.path, { [name]: value })
  expect(run.code).toBe(1)
  expect(run.stderr).toContain(expected)
  expect(run.stderr).not.toContain('    at ')
})

test('SIGTERM to npm start reaches the server, which drains and is gone', async () => {
  using folder = temporaryFolder()
  const child = spawn('npm', ['start'], {
    cwd: join(import.meta.dirname, '../..'),
    stdio: ['ignore', 'pipe', 'ignore'],
    env: {
      ...process.env,
      POSTHOUSE_DATA: folder.path,
      POSTHOUSE_HTTP_PORT: '0',
      POSTHOUSE_SMTP_PORT: '0',
      POSTHOUSE_SUBMISSION_PORT: '0',
    },
  })
  let output = ''
  child.stdout.on('data', (chunk) => (output += chunk))
  const { body: url } = await eventually(
    async () => ({ body: /HTTP +(http:\/\/\S+)/.exec(output)?.[1] }),
    ({ body }) => body !== undefined,
  )
  child.kill('SIGTERM')
  await eventually(
    () =>
      fetch(`${url}/healthz`).then(
        () => true,
        () => false,
      ),
    (answers) => !answers,
  )
})

test.each([
  ['the secret is empty', 'secret', ''],
  ['the rows are no database', 'posthouse.db', 'nonsense '.repeat(1000)],
  ['the blobs are no database', 'blobs/small.db', 'nonsense '.repeat(1000)],
])('a start where %s says which file it is', async (_what, name, content) => {
  using folder = temporaryFolder()
  mkdirSync(join(folder.path, 'blobs'))
  writeFileSync(join(folder.path, name), content)
  const run = await runCommand(['serve'], folder.path)
  expect(run.code).toBe(1)
  expect(run.stderr).toContain('POSTHOUSE_DATA: ')
  expect(run.stderr).toContain('is damaged')
  expect(run.stderr).not.toContain('    at ')
})

test('a secret that is not that of the data is refused, also when the start has just made it, and the right one serves again', async () => {
  using folder = temporaryFolder()
  const file = join(folder.path, 'secret')
  {
    await using server = await startServerProcess(folder.path)
    expect(await server.stop('SIGTERM')).toBe(0)
  }
  const secret = readFileSync(file)
  rmSync(file)
  for (let start = 0; start < 2; start++) {
    const run = await runCommand(['serve'], folder.path)
    expect(run.code).toBe(1)
    expect(run.stderr).toContain('is not the secret that the keys of this data were made with')
  }
  writeFileSync(file, secret)
  await using server = await startServerProcess(folder.path)
  expect((await fetch(`${server.url}/readyz`)).status).toBe(200)
})

test('after the secret is lost for good new keys let the server start', async () => {
  using folder = temporaryFolder()
  {
    await using server = await startServerProcess(folder.path)
    expect(await server.stop('SIGTERM')).toBe(0)
  }
  rmSync(join(folder.path, 'secret'))
  for (const options of [[], ['--activate', '--force']]) {
    const run = await runCommand(['dkim', 'rotate', 'posthouse.localhost', ...options], folder.path)
    expect(run).toMatchObject({ code: 0 })
  }
  await using server = await startServerProcess(folder.path)
  expect((await fetch(`${server.url}/readyz`)).status).toBe(200)
})
