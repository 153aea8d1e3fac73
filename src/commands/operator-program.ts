import type { Command } from 'commander'
import type { Config } from '../config.ts'

/** The commands of whoever runs the server. Each is loaded when it is asked for. */
export function addOperatorCommands(program: Command, config: () => Config): void {
  addQueue(program.command('queue').description('mail that waits to be delivered'), config)
  addSuppression(program.command('suppression').description('addresses that nothing is sent to'), config)
  addRoute(
    program.command('route').description('ways out of single domains, in the place of POSTHOUSE_DELIVERY'),
    config,
  )
  addDomain(program.command('domain').description('the domains that mail comes to'), config)
  addDns(program, config)
  addStorage(program, config)
}

function addQueue(queue: Command, config: () => Config): void {
  queue
    .command('list')
    .description('what waits, soonest due first')
    .option('--limit <count>', 'show so many at most', '100')
    .option('--json', 'print JSON')
    .action(async (options) => (await import('./queue-list.ts')).listWaiting(config(), options))
  queue
    .command('retry [id...]')
    .description('try deliveries, or all those of a message, now')
    .option('--all', 'all that wait')
    .option('--json', 'print JSON')
    .action(async (ids, options) => (await import('./queue-change.ts')).retryWaiting(config(), ids, options))
  queue
    .command('cancel [id...]')
    .description('give deliveries, or all those of a message, up')
    .option('--all', 'all that wait')
    .option('--json', 'print JSON')
    .action(async (ids, options) => (await import('./queue-change.ts')).cancelWaiting(config(), ids, options))
}

function addSuppression(suppression: Command, config: () => Config): void {
  suppression
    .command('list')
    .description('the addresses that an organization has stopped writing to')
    .requiredOption('--org <id>', 'the organization')
    .option('--json', 'print JSON, one a line')
    .action(async (options) => (await import('./suppression.ts')).listSuppressed(config(), options))
  suppression
    .command('add <address...>')
    .description('stop all mail of an organization to addresses')
    .requiredOption('--org <id>', 'the organization')
    .option('--json', 'print JSON, one a line')
    .action(async (addresses, options) =>
      (await import('./suppression.ts')).addSuppressed(config(), addresses, options),
    )
  suppression
    .command('remove <address...>')
    .description('let mail go out again, also after a bounce or a complaint')
    .requiredOption('--org <id>', 'the organization')
    .action(async (addresses, options) =>
      (await import('./suppression.ts')).removeSuppressed(config(), addresses, options),
    )
}

function addRoute(route: Command, config: () => Config): void {
  route
    .command('set <domain> <route>')
    .description('send the mail of a domain this way; "-" reads it from standard input, where no other process sees it')
    .action(async (domain, text) => (await import('./route.ts')).setDomainRoute(config(), domain, text))
  route
    .command('clear <domain>')
    .description('send the mail of a domain the way of the server again')
    .action(async (domain) => (await import('./route.ts')).clearDomainRoute(config(), domain))
  route
    .command('list')
    .description('the domains with a way of their own, without passwords and keys')
    .option('--json', 'print JSON')
    .action(async (options) => (await import('./route.ts')).listDomainRoutes(config(), options))
}

function addDomain(domain: Command, config: () => Config): void {
  domain
    .command('catch-all <domain> [mailbox]')
    .description('let mail to unknown addresses of a domain come into this mailbox')
    .option('--none', 'refuse it again')
    .action(async (name, mailbox, options) =>
      (await import('./catch-all.ts')).changeCatchAll(config(), name, mailbox, options),
    )
}

function addDns(program: Command, config: () => Config): void {
  program
    .command('dns [domain]')
    .description('the DNS records to publish, for a zone file')
    .option('--json', 'print JSON')
    .action(async (domain, options) => (await import('./dns.ts')).printDns(config(), domain, options))
  program
    .command('dkim')
    .description('the keys that sign mail')
    .command('rotate <domain>')
    .description('make the next keys and print what to publish')
    .option('--activate', 'let the new keys sign, once the DNS shows them')
    .option('--force', 'with --activate: without asking the DNS')
    .option('--json', 'print JSON')
    .action(async (domain, options) => (await import('./dkim.ts')).rotateDkim(config(), domain, options))
}

function addStorage(program: Command, config: () => Config): void {
  program
    .command('backup <file>')
    .description('write everything into one file; into a folder: under a name with the time; -: to standard output')
    .option('--no-blobs', 'leave out the bytes of the messages')
    .option('--json', 'print JSON')
    .action(async (file, options) => (await import('./backup.ts')).backup(config(), file, options))
  program
    .command('restore <file>')
    .description('put a backup where the settings say, which must be empty; of a folder: its newest; -: standard input')
    .option('--no-blobs', 'leave the bytes of the messages where they are')
    .option('--json', 'print JSON')
    .action(async (file, options) => (await import('./restore.ts')).restore(config(), file, options))
  program
    .command('migrate')
    .description('copy all rows into an empty database of the other engine')
    .requiredOption('--to <place>', 'postgres://…, or sqlite for the data folder')
    .option('--json', 'print JSON')
    .action(async (options) => (await import('./migrate.ts')).migrate(config(), options))
  program
    .command('check-blobs')
    .description('read the bytes of every message and hold them against their SHA-256')
    .option('--json', 'print JSON, one a line')
    .action(async (options) => (await import('./check-blobs.ts')).checkAllBlobs(config(), options))
  program
    .command('doctor')
    .description('look at everything that mail needs and say what to do; exits with 1 when something fails')
    .option('--json', 'print JSON')
    .action(async (options) => (await import('./doctor.ts')).doctor(config(), options))
}
