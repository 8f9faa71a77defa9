/** One journal entry in the words of a trader, for the list a replay is scrubbed by. */
import type { JournalEntry } from '../contract/journal-kinds.ts'

const MAX = 240

function words(entry: JournalEntry): string {
  switch (entry.kind) {
    case 'signal':
      return `${entry.payload.side} at ${entry.payload.price}: ${entry.payload.why}`
    case 'decision':
      return `${entry.payload.allowed ? 'allowed' : `refused by ${entry.payload.rule}`}: ${entry.payload.text}`
    case 'intent': {
      const { action, role, request, reason } = entry.payload
      const order = request === undefined ? [] : [request.side, ...(request.quantity === undefined ? [] : [request.quantity]), request.type]
      return `${[action, role, ...order].join(' ')}${reason === '' ? '' : `: ${reason}`}`
    }
    case 'request-outcome':
      return `${entry.payload.action} ${entry.payload.outcome}${entry.payload.message === undefined ? '' : `: ${entry.payload.message}`}`
    case 'request-ambiguous':
      return `${entry.payload.action}: nothing is proved (${entry.payload.message})`
    case 'order-event':
      return `${entry.payload.from} → ${entry.payload.to} by ${entry.payload.event}`
    case 'fill':
      return `${entry.payload.side} ${entry.payload.quantity} at ${entry.payload.price}, realised ${entry.payload.realized}`
    case 'wallet-change':
      return `${entry.payload.reason} ${entry.payload.amount}, wallet ${entry.payload.wallet}`
    case 'position':
      return entry.payload.opened ? 'opened' : `closed, realised ${entry.payload.realized}`
    case 'rail':
      return `${entry.payload.rule}: ${entry.payload.text}`
    case 'trading-state':
      return `${entry.payload.state}: ${entry.payload.reason}`
    case 'equity':
      return `equity ${entry.payload.equity}, peak ${entry.payload.peak}`
    case 'leverage':
      return `${entry.payload.from}× → ${entry.payload.to}× ${entry.payload.step}: ${entry.payload.reason}`
    case 'baseline':
      return `wallet ${entry.payload.wallet}, ${entry.payload.positions.length} positions: ${entry.payload.reason}`
    case 'note':
      return entry.payload.text
    default:
      return JSON.stringify(entry.payload)
  }
}

export const momentText = (entry: JournalEntry): string => words(entry).slice(0, MAX)
