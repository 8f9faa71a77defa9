/** The catalogue of faults: one name for each thing a plan can do, so that a run can tell which of them struck it. */
import type { FaultPlan } from './faults.ts'
import { POISONS } from './poison.ts'

const EITHER = ['unknown', 'timeout', 'hang', 'reset'] as const
const SOCKETS = ['cutSockets', 'closeSockets', 'silence', 'halfOpen'] as const
const CATEGORIES = ['public', 'market', 'private'] as const
const EXECUTION = ['executed', 'not executed'] as const

/** Every name there is; what strikes sockets counts for each category on its own. */
export const FAULT_NAMES: readonly string[] = [
  ...EITHER.flatMap((what) => EXECUTION.map((how) => `${what}, ${how}`)),
  'unavailable',
  'throttled',
  'internal',
  'html',
  'refuse',
  'rateLimited',
  'ban',
  'slow',
  'late',
  'truncated',
  'garbage',
  'dropFrame',
  'duplicateFrame',
  'lateFrame',
  'swapFrame',
  ...POISONS.map((poison) => `poison ${poison}`),
  ...SOCKETS.flatMap((what) => CATEGORIES.map((category) => `${what} ${category}`)),
  'refuseSockets',
  'expireListenKeys',
  'revokeKey',
  'clockJump',
  ...['filters', 'status', 'jump', 'depthGap', 'ids'].map((kind) => `market ${kind}`),
  ...['revised', 'late', 'missing'].map((how) => `market kline ${how}`),
  ...['duplicate', 'late', 'drop'].map((how) => `market user ${how}`),
]

/** The name of what an effect does. */
export function faultName(effect: FaultPlan['effect']): string {
  switch (effect.do) {
    case 'unknown':
    case 'timeout':
    case 'hang':
    case 'reset':
      return `${effect.do}, ${effect.executed ? 'executed' : 'not executed'}`
    case 'poison':
      return `poison ${effect.poison}`
    case 'cutSockets':
    case 'closeSockets':
    case 'silence':
    case 'halfOpen':
      return `${effect.do} ${effect.category ?? 'all'}`
    case 'market': {
      const { fault } = effect
      return 'how' in fault ? `market ${fault.kind} ${fault.how}` : `market ${fault.kind}`
    }
    default:
      return effect.do
  }
}
