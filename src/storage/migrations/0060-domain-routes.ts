export const name = '0060-domain-routes'

export const statements = [
  // A way out of its own for the mail of a domain, encrypted; null: the server's.
  'alter table domains add column sealed_route text',
  'create index domains_with_route on domains (name) where sealed_route is not null',
]
