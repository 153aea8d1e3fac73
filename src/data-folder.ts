import { closeSync, fsyncSync, mkdirSync, openSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { ConfigError } from './config.ts'

/** Makes the data folder for its owner alone, where it is missing; says in the words of the setting why it cannot. */
export function ensureDataFolder(path: string): void {
  try {
    make(resolve(path))
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    throw new ConfigError([`POSTHOUSE_DATA: ${path} cannot be used as a folder (${code ?? (error as Error).message})`])
  }
}

// Step by step: node's own recursive way never comes back from places such as /proc.
function make(folder: string): void {
  const there = statSync(folder, { throwIfNoEntry: false })
  if (there?.isDirectory()) return
  if (!there) make(dirname(folder))
  mkdirSync(folder, { mode: 0o700 })
  sync(dirname(folder))
}

// All that is kept in a new folder is lost with its name when the power goes.
function sync(folder: string): void {
  const handle = openSync(folder, 'r')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}
