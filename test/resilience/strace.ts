import { execFileSync } from 'node:child_process'

/** The command line that traces what comes behind it, or undefined where there is no strace and none can be installed. */
export function findStrace(): string[] | undefined {
  if (!works() && process.getuid?.() === 0) install()
  // -D: the tracer is a child of the traced process and not its parent, so that signals and exit codes are the server's own.
  return works() ? ['strace', '-D', '-f', '-q', '--seccomp-bpf'] : undefined
}

export const NO_STRACE = 'needs strace and the right to trace: run it as root on Debian, or install strace'

function works(): boolean {
  try {
    execFileSync('strace', ['-f', '-o', '/dev/null', '/bin/true'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

function install(): void {
  try {
    execFileSync('apt-get', ['install', '-y', '-q', 'strace'], { stdio: 'ignore', timeout: 60_000 })
  } catch {}
}
