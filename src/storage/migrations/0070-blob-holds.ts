export const name = '0070-blob-holds'

export const statements = [
  // Nothing is deleted from the blob store before `until`: somebody copies it.
  'create table blob_holds (id text primary key, until bigint not null)',
]
