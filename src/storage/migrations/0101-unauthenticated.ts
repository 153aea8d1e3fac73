export const name = '0101-unauthenticated'

export const statements = ['alter table messages add column unauthenticated integer not null default 0']
