/** Everything that is measured, in one run: `npm run bench`. See docs/performance.md. */
import { measureIntake } from './parts/intake.ts'
import { renderTable } from './support/table.ts'

console.log(renderTable(await measureIntake({ seconds: Number(process.env.S ?? 3), sizes: [5_000, 50_000], connections: [1, 10, 50] })))
