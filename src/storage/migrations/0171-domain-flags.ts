export const name = '0171-domain-flags'

export const statements = [
  `alter table domains add column subdomains_enabled integer not null default 0`,
  `alter table domains add column tracking_enabled integer not null default 0`,
]
