export const name = '0210-compression'

// Text is compressed in a third of the time. A PostgreSQL that was built without it keeps the way it has.
const columns = {
  message_contents: ['text', 'html', 'extracted_text', 'extracted_html', 'headers'],
  search_entries: ['words'],
}
const changes = Object.entries(columns).flatMap(([table, names]) =>
  names.map((column) => `alter table ${table} alter column ${column} set compression lz4;`),
)

export const statements = [`do $$ begin ${changes.join(' ')} exception when others then null; end $$`]
