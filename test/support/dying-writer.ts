import { serveWrites } from '../../src/storage/writer-loop.ts'

// A writer's thread that ends when it is told to, in the middle of a group.
serveWrites((connection) => async ({ name, input }) => {
  if (name === 'die') process.exit(1)
  if (name === 'odd answer') return () => {}
  connection.prepare('insert into notes (text) values (?)').run(String(input))
  return input
})
