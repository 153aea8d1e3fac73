export const name = '0170-thread-lists'

export const statements = [
  `alter table threads add column project_id text not null default ''`,
  `alter table threads add column unread_count bigint not null default 0`,
  `update threads set
    project_id = coalesce((select b.project_id from mailboxes b where b.id = threads.mailbox_id), ''),
    unread_count = (select count(*) from messages m
      where m.thread_id = threads.id and m.hidden = threads.hidden and m.seen = 0)`,
  `create index threads_of_org on threads (org_id, last_at desc, id desc)`,
  `create index threads_of_project on threads (project_id, last_at desc, id desc)`,
]
