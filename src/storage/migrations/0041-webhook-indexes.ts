export const name = '0041-webhook-indexes'

// SQLite took the index of all enabled webhooks on the server where it wanted those of one organization or mailbox.
export const statements = [
  `drop index webhooks_enabled`,
  `create index webhooks_enabled on webhooks (id) where enabled = 1`,
  `drop index webhooks_for_all`,
  `create index webhooks_for_all on webhooks (org_id, all_mailboxes, enabled)`,
  `drop index webhook_deliveries_by_webhook`,
  `create index webhook_deliveries_by_webhook on webhook_deliveries (org_id, webhook_id, created_at, id)`,
]
