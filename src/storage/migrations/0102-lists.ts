export const name = '0102-lists'

export const statements = [
  // `place_id` is the narrowest of the three ids beside it.
  `create table list_entries (
    place_id text not null, org_id text not null, project_id text, mailbox_id text, direction text not null,
    type text not null, entry text not null, reason text, created_at bigint not null,
    primary key (place_id, direction, type, entry))`,
  'create index list_entries_by_org on list_entries (org_id)',
]
