/** What the key's rights mean on this screen: its word, and why a control that needs the venue cannot act. */
import type { KeyVerdict } from '../../engine/contract/processes.ts'

export const KEY_WORDS: Readonly<Record<KeyVerdict['use'], string>> = {
  trade: '✔ trades',
  'read-only': '▲ READ ONLY',
  refused: '✖ REFUSED',
  unchecked: '▲ unchecked',
}

/** For controls that only work through an order or a cancel; null when the key has the right, or its rights are not known. */
export const cannotAct = (key: KeyVerdict | null): string | null => (key?.use === 'read-only' ? 'This key may only read' : null)
