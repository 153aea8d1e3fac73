#!/usr/bin/env node
import { enableCompileCache } from 'node:module'
import { join } from 'node:path'
import { Command } from 'commander'
import { addOperatorCommands } from './commands/operator-program.ts'
import { type Config, ConfigError, readConfig } from './config.ts'
import { Failure } from './core/errors.ts'

// What the commands load was compiled by an earlier start: half a second less. Where it cannot be kept, all is as without.
const compiled = process.env.NODE_COMPILE_CACHE ?? join(import.meta.dirname, '../node_modules/.cache/compiled')
enableCompileCache(compiled)
// Threads only look here. Without it each of them strips types by itself, for 15 MB.
process.env.NODE_COMPILE_CACHE = compiled

const program = new Command('posthouse')
  .description('A self-hosted inbox platform. Settings come from the environment; "posthouse settings" lists them.')
  .showHelpAfterError()

program
  .command('serve', { isDefault: true })
  .description('run the server')
  .action(async () => (await import('./commands/serve.ts')).serve(config()))

const org = program.command('org').description('organizations')
org
  .command('create <name>')
  .description('make an organization and its first admin key')
  .option('--json', 'print JSON')
  .action(async (name, options) => (await import('./commands/org-create.ts')).createOrg(config(), name, options))

const key = program.command('key').description('API keys')
key
  .command('create')
  .description('make an API key for an organization')
  .requiredOption('--org <id>', 'the organization')
  .option('--scopes <list>', 'some of read,write,admin (default: all)')
  .option(
    '--permissions <list>',
    'a white list inside the scopes, such as inbox_read,message_send (default: everything)',
  )
  .option('--project <id>', 'restrict the key to one project, by its id (pod_…) or client_id')
  .option('--mailbox <address>', 'restrict the key to one mailbox')
  .option('--name <name>', 'what the key is for')
  .option('--json', 'print JSON')
  .action(async (options) => (await import('./commands/key-create.ts')).createKey(config(), options))

program
  .command('settings')
  .description('list the settings, with their defaults')
  .option('--markdown', 'as a page for the docs')
  .action(async (options) => {
    const { settingsPage, settingsText } = await import('./commands/settings.ts')
    process.stdout.write(options.markdown ? settingsPage() : `${settingsText()}\n`)
  })

addOperatorCommands(program, config)

/** Why a listener may not get the address it is to have. */
const unbindable = new Set(['EADDRINUSE', 'EADDRNOTAVAIL', 'EACCES', 'ENOTFOUND', 'EAI_AGAIN'])

/** SQLite's codes for a disk that is read only, fails, is full, or lets nothing be opened. */
const diskTroubles = new Set([8, 10, 13, 14])

try {
  await program.parseAsync()
} catch (error) {
  console.error(explain(error))
  process.exitCode = 1
}

function config(): Config {
  return readConfig(process.env)
}

/** What a person needs to put it right; the stack only for what should never happen. */
function explain(error: unknown): string {
  if (error instanceof ConfigError)
    return ['Posthouse cannot start:', ...error.problems.map((p) => `  ${p}`)].join('\n')
  if (error instanceof Failure) return error.message
  const code = (error as NodeJS.ErrnoException).code
  if (code && unbindable.has(code)) return `Posthouse cannot listen: ${(error as Error).message}`
  // What a disk or a network does is nobody's bug, and its message tells all.
  if (code && /^E[A-Z0-9]+$/.test(code)) return (error as Error).message
  if (diskTroubles.has(Number((error as { errcode?: number }).errcode) & 0xff)) return (error as Error).message
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
