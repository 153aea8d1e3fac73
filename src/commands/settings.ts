import { settings } from '../config.ts'

/** The settings as lines for a terminal. */
export function settingsText(): string {
  const width = Math.max(...Object.keys(settings).map((name) => name.length))
  return Object.entries(settings)
    .map(([name, { help, default: fallback }]) => `${name.padEnd(width)}  ${help} (default: ${fallback})`)
    .join('\n')
}

/** The settings as a page for the docs. */
export function settingsPage(): string {
  const rows = Object.entries(settings).map(
    ([name, { help, default: fallback }]) => `| \`${name}\` | ${fallback} | ${help} |`,
  )
  return [
    '# Settings',
    '',
    'Environment variables. An empty one counts as not set; a wrong value stops the start, with every problem listed.',
    'This page is made by `npm run posthouse -- settings --markdown > docs/settings.md`.',
    '',
    '| Variable | Default | Meaning |',
    '|---|---|---|',
    ...rows,
    '',
  ].join('\n')
}
