import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createTransport } from 'nodemailer'
import { expect, test } from 'vitest'
import { apiClient, eventually } from '../support/api-client.ts'
import { type S3Server, startS3 } from '../support/s3-server.ts'
import { startServerProcess, temporaryFolder } from '../support/server-process.ts'

const settings = (s3: S3Server) => ({
  POSTHOUSE_BLOBS: `s3://${s3.bucket}?endpoint=${s3.endpoint}&region=${s3.region}&prefix=mail`,
  AWS_ACCESS_KEY_ID: s3.accessKeyId,
  AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
})

test('with a bucket all message bytes are there, an outage is temporary to senders, and a kill loses nothing', async () => {
  using folder = temporaryFolder()
  await using s3 = await startS3()
  const send = (port: number, subject: string) =>
    createTransport({ host: '127.0.0.1', port, secure: false, tls: { rejectUnauthorized: false } }).sendMail({
      ...{ from: 'zoe@client.test', to: 'desk@posthouse.localhost', subject, text: 'At four?' },
    })
  let key = ''
  {
    await using server = await startServerProcess(folder.path, settings(s3))
    key = server.apiKey ?? ''
    await apiClient(server.url, key).post('/inboxes', { username: 'desk' })
    await send(server.smtpPort, 'before')
    expect([...s3.objects.keys()]).toEqual([expect.stringMatching(/^mail\/[0-9a-f]{28}-[0-9a-f]{64}$/)])
    expect(existsSync(join(folder.path, 'blobs'))).toBe(false)

    await s3.stop()
    expect((await fetch(`${server.url}/readyz`)).status).toBe(503)
    await expect(send(server.smtpPort, 'lost?')).rejects.toMatchObject({ responseCode: 451 })
    await s3.start()
    const ready = () => fetch(`${server.url}/readyz`)
    await eventually(ready, ({ status }) => status === 200)
    await send(server.smtpPort, 'after')
    await server.stop('SIGKILL')
  }
  await using server = await startServerProcess(folder.path, settings(s3))
  const api = apiClient(server.url, key)
  const { body: inboxes } = await api.get('/inboxes')
  const path = `/inboxes/${inboxes.data[0].inbox_id}/messages`
  const { body: list } = await api.get(path)
  expect(list.data.map((m: { subject: string }) => m.subject)).toEqual(['after', 'before'])
  const kept = [...s3.objects.values()].map((object) => object.bytes.toString())
  for (const { message_id } of list.data) {
    const raw = await api.bytes(`${path}/${message_id}/eml`)
    expect(kept).toContain(raw.toString())
  }
})

test('a bucket that cannot be reached does not keep the server from starting', async () => {
  using folder = temporaryFolder()
  await using s3 = await startS3()
  await s3.stop()
  await using server = await startServerProcess(folder.path, settings(s3))
  const body = await (await fetch(`${server.url}/readyz`)).json()
  expect(body).toEqual({ status: 'unavailable', store: 'ok', blobs: 'unavailable' })
})

test('a server without a bucket does not load the client for one', () => {
  const script = `
    import { registerHooks } from 'node:module'
    const loaded = []
    registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) })
    await import('./src/server.ts')
    console.log(JSON.stringify(loaded.filter((url) => url.includes('@aws-sdk') || url.endsWith('/src/open-app.ts'))))`
  const root = join(import.meta.dirname, '../..')
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', script], { cwd: root, encoding: 'utf8' })
  expect(JSON.parse(output.trim().split('\n').at(-1) ?? '')).toEqual([expect.stringMatching(/open-app\.ts$/)])
})
