export const name = '0180-message-opens'

/** Whether the picture in a sent message was asked for. */
export const statements = ['alter table messages add column opened integer not null default 0']
