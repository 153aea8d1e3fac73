import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Missing } from './debian.ts'

/** With its processes apart as well: all of them end with it, whatever they forked. */
const APART = ['--mount', '--propagation', 'private', '--pid', '--fork', '--kill-child']

/** Undefined where a process may have mounts of its own, else why not. */
export function withoutMounts(): Missing | undefined {
  if (process.platform !== 'linux') return { missing: 'private mounts: this system is no Linux' }
  const { status, stderr } = spawnSync('unshare', [...APART, 'true'], { encoding: 'utf8' })
  return status === 0 ? undefined : { missing: `private mounts: ${(stderr || 'there is no unshare').trim()}` }
}

/**
 * A command that sees other files: `mounts` lead from places of the system to what it finds there. Servers want users and folders that
 * only their installation makes; nobody else sees these. Ends by SIGKILL only.
 */
export function withMounts(mounts: Record<string, string>, command: readonly string[]): [string, ...string[]] {
  // The shell stays: what changes its user, as servers do, would no longer end with its parent.
  const script = 'while [ "$1" != -- ]; do mount --bind "$2" "$1" || exit 1; shift 2; done; shift; "$@" & wait $!'
  const pairs = Object.entries(mounts).flat()
  return ['unshare', ...APART, 'sh', '-c', script, 'mounts', ...pairs, '--', ...command]
}

/** `passwd` and `group` with more users, each in the place of one that every Debian has; answers the mounts. */
export function withUsers(folder: string, users: Record<string, string>): Record<string, string> {
  const mounts: Record<string, string> = {}
  for (const name of ['passwd', 'group']) {
    const file = join('/etc', name)
    const lines = readFileSync(file, 'utf8').split('\n')
    const more = Object.entries(users).map(([user, as]) =>
      lines.find((line) => line.startsWith(`${as}:`))?.replace(as, user),
    )
    mounts[file] = join(folder, name)
    writeFileSync(join(folder, name), [...lines.filter(Boolean), ...more, ''].join('\n'))
  }
  return mounts
}
