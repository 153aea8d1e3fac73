export const name = '0122-label-events'

/** What became of the labels in a mailbox, in its order. */
export const statements = [`create index events_labeled on events (mailbox_id, seq) where type = 'message.labeled'`]
