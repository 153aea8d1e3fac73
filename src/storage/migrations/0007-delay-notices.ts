export const name = '0007-delay-notices'

export const statements = [
  // When the sender was told that a delivery is late; null until then.
  'alter table deliveries add column delay_told_at bigint',
  // Busy destinations are passed over by the index alone.
  'create index deliveries_due_by_domain on deliveries (due_at, id, domain) where due_at is not null',
  'drop index deliveries_due',
]
