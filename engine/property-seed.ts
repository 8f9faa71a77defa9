/**
 * Property tests draw new cases on every run at a developer's desk; where a change is judged (CI) they draw the same ones every time,
 * so that a verdict can be repeated. `AEGIS_SEED=N` chooses the draw anywhere.
 */
import fc from 'fast-check'

const JUDGED = 20_261_121
const chosen = Number(process.env['AEGIS_SEED'] ?? (process.env['CI'] === undefined ? Number.NaN : JUDGED))
if (Number.isSafeInteger(chosen)) fc.configureGlobal({ seed: chosen })
