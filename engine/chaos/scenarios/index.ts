/** Every scenario there is, in the order of its report. */
import type { Scenario } from '../scenario.ts'

export const SCENARIOS: readonly Scenario[] = []
