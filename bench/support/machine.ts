import { execFileSync } from 'node:child_process'
import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { cpus, loadavg, release, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { ms, quantile } from './statistics.ts'

/** What the figures depend on, a line each. */
export function describeMachine(command: string): string[] {
  const [cpu] = cpus()
  const sync = fsyncTimes()
  return [
    `Machine: ${cpus().length} × ${cpu?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GB, Linux ${release()}, Node ${process.version}`,
    `Disk: 4 kB written and synced in ${ms(quantile(sync, 0.5))} ms (median), ${ms(quantile(sync, 0.99))} ms (p99)`,
    `Load before the run: ${loadavg()[0]?.toFixed(2)} (above 0.2 others were at work, and the figures are too low)`,
    `Commit: ${git('describe', '--always', '--dirty', '--exclude=*')} of ${git('log', '-1', '--format=%cs')}`,
    `Command: ${command}`,
  ]
}

function git(...args: string[]): string {
  try {
    return execFileSync('git', args, { cwd: import.meta.dirname, encoding: 'utf8' }).trim()
  } catch {
    return 'unknown'
  }
}

function fsyncTimes(): number[] {
  const folder = mkdtempSync(join(tmpdir(), 'posthouse-bench-'))
  const file = openSync(join(folder, 'sync'), 'w')
  try {
    return Array.from({ length: 200 }, () => {
      const start = performance.now()
      writeSync(file, Buffer.alloc(4096, 1))
      fsyncSync(file)
      return performance.now() - start
    })
  } finally {
    closeSync(file)
    rmSync(folder, { recursive: true })
  }
}
