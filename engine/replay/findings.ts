/** What a check of a file found: every finding counted by reason, the first ones listed with their line (INV-11, INV-13). */

export interface Finding {
  /** Counted from 1. */
  readonly line: number
  readonly reason: string
  readonly text: string
}

export const MAX_FINDINGS = 1_000

export class Findings {
  readonly list: Finding[] = []
  readonly #reasons = new Map<string, number>()
  total = 0

  add(line: number, reason: string, text: string): void {
    this.total++
    this.#reasons.set(reason, (this.#reasons.get(reason) ?? 0) + 1)
    if (this.list.length < MAX_FINDINGS) this.list.push({ line, reason, text: text.slice(0, 200) })
  }

  /** Most frequent first. */
  reasons(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#reasons].toSorted((a, b) => b[1] - a[1]))
  }
}
