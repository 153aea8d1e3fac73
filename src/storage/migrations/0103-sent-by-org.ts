export const name = '0103-sent-by-org'

export const statements = [`create index messages_sent_by_org on messages (org_id, at) where direction = 'outbound'`]
