import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { Config, Role } from '../config.ts'
import { type Finding, fail, ok, warn } from './finding.ts'

const ANSWER_MS = 3_000

/** Each listener's port: ours already, free to be ours, or somebody else's. */
export async function checkPorts(config: Config): Promise<Finding[]> {
  const ports: [Role, number][] = [
    ['http', config.POSTHOUSE_HTTP_PORT],
    ['smtp', config.POSTHOUSE_SMTP_PORT],
    ['submission', config.POSTHOUSE_SUBMISSION_PORT],
  ]
  const wanted = ports.filter(([role]) => config.POSTHOUSE_ROLES.includes(role))
  return Promise.all(wanted.map(([role, port]) => checkPort(config, role, port)))
}

async function checkPort(config: Config, role: Role, port: number): Promise<Finding> {
  const check = `port ${role}`
  if (port === 0) return ok(check, 'any free port')
  const at = `${config.POSTHOUSE_HOST}:${port}`
  const host = reachable(config.POSTHOUSE_HOST)
  const answer = role === 'http' ? await health(host, port) : await banner(host, port)
  if (answer === undefined) return checkFree(config.POSTHOUSE_HOST, port, check)
  // SMTP greets with our name (RFC 5321 §4.2), HTTP with its health.
  const ours = role === 'http' ? answer.includes('"status":"ok"') : answer.startsWith(`220 ${config.mailHost}`)
  if (ours) return ok(check, `Posthouse answers at ${at}`)
  const advice = `Stop it, or set POSTHOUSE_${role.toUpperCase()}_PORT to another port`
  return fail(check, `Something else answers at ${at}`, advice)
}

/** An address that stands for all of this machine is asked at its own. */
function reachable(host: string): string {
  return host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
}

/** What is said of the server's health; undefined when nobody listens. */
async function health(host: string, port: number): Promise<string | undefined> {
  try {
    const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}/healthz`
    return await (await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(ANSWER_MS) })).text()
  } catch (error) {
    const { cause } = error as Error
    return (cause as NodeJS.ErrnoException | undefined)?.code === 'ECONNREFUSED' ? undefined : ''
  }
}

/** The first line that a port says by itself; undefined when nobody listens. */
async function banner(host: string, port: number): Promise<string | undefined> {
  const socket = connect({ host, port })
  socket.setTimeout(ANSWER_MS, () => socket.destroy())
  try {
    await once(socket, 'connect')
    let answer = ''
    for await (const chunk of socket) {
      answer += String(chunk)
      if (answer.length > 4096 || answer.includes('\n')) break
    }
    return answer
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ECONNREFUSED' ? undefined : ''
  } finally {
    socket.destroy()
  }
}

async function checkFree(host: string, port: number, check: string): Promise<Finding> {
  const server = createServer()
  try {
    server.listen(port, host)
    await once(server, 'listening')
    return ok(check, `${host}:${port} is free; the server is not running`)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EACCES') {
      const advice = 'Ports below 1024 need CAP_NET_BIND_SERVICE, or a forward from them to a higher one'
      return fail(check, `${host}:${port} may not be opened by this user`, advice)
    }
    if (code === 'EADDRNOTAVAIL') return fail(check, `${host} is no address of this machine`, 'Correct POSTHOUSE_HOST')
    return warn(check, `${host}:${port} cannot be opened: ${code}`, 'See whether another program holds it')
  } finally {
    server.close()
  }
}
