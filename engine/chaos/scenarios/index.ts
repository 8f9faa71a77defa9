/** Every scenario there is, in the order of its report. */
import type { Scenario } from '../scenario.ts'
import { flashCrash } from './flash-crash.ts'
import { poisonPill } from './poison-pill.ts'
import { tsunami } from './tsunami.ts'
import { zombie } from './zombie.ts'

export const SCENARIOS: readonly Scenario[] = [tsunami, poisonPill, flashCrash, zombie]
