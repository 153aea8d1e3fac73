import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../..')

/** The real program in a process of its own, as an operator starts it: ports it chose, what it printed, and ways to end it. */
export interface ServerProcess extends AsyncDisposable {
  pid: number
  url: string
  smtpPort: number
  submissionPort: number
  /** Printed at the first start only. */
  apiKey: string | undefined
  /** Everything printed so far. */
  output(): string
  /** Ends it and waits until it is gone; answers its exit code, or null when the signal ended it. */
  stop(signal: NodeJS.Signals): Promise<number | null>
}

/** A data folder that lives as long as the test. */
export function temporaryFolder(): Disposable & { path: string } {
  const path = mkdtempSync(join(tmpdir(), 'posthouse-'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) }
}

/**
 * Starts the server on free ports with the given data folder and waits until it says that it is ready. `under` is a command line
 * that runs the rest of its arguments in its own place, such as a tracer.
 */
export async function startServerProcess(
  folder: string,
  env: Record<string, string> = {},
  under: string[] = [],
): Promise<ServerProcess> {
  const child = run(['serve'], folder, env, under)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (output += chunk))
  const ended = once(child, 'exit')
  await Promise.race([until(child, () => output.includes('Posthouse is ready.') && output.includes('Data ')), ended])
  if (child.exitCode !== null) throw new Error(`The server did not start:\n${output}`)
  const find = (pattern: RegExp) => pattern.exec(output)?.[1]
  const stop = async (signal: NodeJS.Signals) => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal)
    await ended
    return child.exitCode
  }
  return {
    pid: child.pid ?? 0,
    url: `http://127.0.0.1:${find(/HTTP +http:\/\/[^ ]*:(\d+)/)}`,
    smtpPort: Number(find(/SMTP +[^ ]*:(\d+)/)),
    submissionPort: Number(find(/Sending +[^ ]*:(\d+)/)),
    apiKey: find(/API key +(inai_\w+)/),
    output: () => output,
    stop,
    [Symbol.asyncDispose]: async () => void (await stop('SIGKILL')),
  }
}

/** Runs one command to its end. */
export async function runCommand(
  args: string[],
  folder: string,
  env: Record<string, string> = {},
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = run(args, folder, env)
  let stdout = ''
  let stderr = ''
  child.stdout?.on('data', (chunk) => (stdout += chunk))
  child.stderr?.on('data', (chunk) => (stderr += chunk))
  await once(child, 'close')
  return { code: child.exitCode, stdout, stderr }
}

function run(args: string[], folder: string, env: Record<string, string>, under: string[] = []): ChildProcess {
  const [command = '', ...rest] = [...under, process.execPath, join(root, 'src/main.ts'), ...args]
  return spawn(command, rest, {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH,
      POSTHOUSE_DATA: folder,
      POSTHOUSE_HTTP_PORT: '0',
      POSTHOUSE_SMTP_PORT: '0',
      POSTHOUSE_SUBMISSION_PORT: '0',
      POSTHOUSE_LOG: 'warn',
      ...env,
    },
  })
}

function until(child: ChildProcess, condition: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const look = () => condition() && resolve()
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', look)
  })
}
