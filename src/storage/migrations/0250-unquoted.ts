export const name = '0250-unquoted'

/** Which words of a mail quote nothing, so that what is new of them is all of them and need not be kept twice: 1 the text, 2 the HTML. */
export const statements = ['alter table message_contents add column unquoted integer not null default 0']
