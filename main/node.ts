/** The Node host started by itself: the same as `aegis run`. */
import { runAegis } from '../engine/cli/main.ts'

await runAegis(['run', ...process.argv.slice(2)])
