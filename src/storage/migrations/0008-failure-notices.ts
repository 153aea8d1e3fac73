export const name = '0008-failure-notices'

export const statements = [
  // 'planned', or the id of the job that reports the failure to the sender.
  'alter table deliveries add column failure_notice text',
]
