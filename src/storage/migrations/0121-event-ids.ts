export const name = '0121-event-ids'

/** Readers that come back say behind which entry they stopped. */
export const statements = [`create unique index events_by_id on events (id)`]
