/** The fast gate: types, lint and format and import rule, dead code. All run at once; the first line of each tells how it went. */
import { spawn } from 'node:child_process'

const gates = [
  ['types', 'tsc', ['--noEmit']],
  ['lint, format, imports', 'biome', ['ci', '--colors=off', '--error-on-warnings', '.']],
  ['dead code', 'knip', []],
] as const

const results = await Promise.all(gates.map(([name, command, args]) => run(name, command, args)))
process.exitCode = results.every(Boolean) ? 0 : 1

function run(name: string, command: string, args: readonly string[]): Promise<boolean> {
  const started = performance.now()
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk))
    child.on('close', (code) => {
      const seconds = ((performance.now() - started) / 1000).toFixed(1)
      console.log(`${code === 0 ? 'ok  ' : 'FAIL'} ${name} (${seconds} s)${code === 0 ? '' : `\n${output}`}`)
      resolve(code === 0)
    })
  })
}
