import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const CACHE = join(import.meta.dirname, '../../node_modules/.cache/debian')

/** Files of Debian packages below `root`: `/` where they are installed. */
export interface Packages {
  root: string
}

/** Why a test that needs them is skipped. */
export interface Missing {
  missing: string
}

/**
 * Debian packages with what they depend on: those of this system when it has `file`, else unpacked below `node_modules/.cache`, once.
 * Nothing is installed, no script of a package runs, no service starts, and nobody has to be root.
 */
export async function debianPackages(names: readonly string[], file: string): Promise<Packages | Missing> {
  if (existsSync(join('/', file))) return { root: '/' }
  if (!existsSync('/etc/debian_version')) return { missing: `${names.join(', ')}: this system is no Debian` }
  const root = join(CACHE, keyOf(names))
  try {
    if (!existsSync(root)) await fetchInto(root, names)
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string }
    return { missing: `${names.join(', ')}: ${(stderr || message).trim()}` }
  }
  return existsSync(join(root, file)) ? { root } : { missing: `${file} is not in ${names.join(', ')}` }
}

// Another release has other versions, and a shared folder may serve several machines.
function keyOf(names: readonly string[]): string {
  const system = `${readFileSync('/etc/debian_version', 'utf8')} ${process.arch}`
  const hash = createHash('sha256')
    .update(`${system} ${names.join(' ')}`)
    .digest('hex')
    .slice(0, 8)
  return `${names[0]}-${hash}`
}

/** apt with lists and archives of its own, so that it needs no rights and leaves those of the system alone. */
const FETCH = `
set -eu
root=$1
shift
[ ! -e "$root" ] || exit 0
work=$root.part
trap 'rm -rf "$work"' EXIT
rm -rf "$work"
mkdir -p "$work/lists/partial" "$work/archives/partial" "$work/root"
apt() {
  DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends -o Dir::State::Lists="$work/lists" \\
    -o Dir::Cache="$work" -o Dir::Cache::Archives="$work/archives" -o APT::Sandbox::User=root \\
    -o Debug::NoLocking=true -o Acquire::Retries=1 -o Acquire::http::Timeout=10 "$@" >&2
}
apt update
apt --download-only install "$@"
for package in "$work"/archives/*.deb; do dpkg-deb -x "$package" "$work/root"; done
mv "$work/root" "$root"
`

// Test files run at once, in processes of their own: the first one fetches, the others wait for the lock.
async function fetchInto(root: string, names: readonly string[]): Promise<void> {
  await mkdir(CACHE, { recursive: true })
  await run('flock', [`${root}.lock`, 'sh', '-c', FETCH, 'fetch', root, ...names], { timeout: 110_000 })
}

const MULTIARCH: Partial<Record<string, string>> = { x64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu' }

/** What makes programs below `root` find their libraries. */
export function libraryPath({ root }: Packages, ...more: string[]): Record<string, string> {
  if (root === '/') return {}
  const folders = ['usr/lib', 'lib'].map((lib) => `${lib}/${MULTIARCH[process.arch] ?? ''}`)
  return { LD_LIBRARY_PATH: [...more, ...folders].map((folder) => join(root, folder)).join(':') }
}
