/** Hash over everything that happened, in order: two runs with the same seed and the same calls have the same hash. */
import { createHash } from 'node:crypto'
import type { TapeDigest } from './tape/tape-digest.ts'

const FLUSH_CHARS = 65_536

export class HashedLog {
  readonly #hash = createHash('sha256')
  #buffer = ''
  #count = 0

  add(line: string): void {
    this.#count++
    this.#buffer += line + '\n'
    if (this.#buffer.length >= FLUSH_CHARS) this.#flush()
  }

  /** With the tapes as they stand, in the symbols' order. */
  digest(tapes: readonly { readonly symbol: string; readonly digest: TapeDigest }[]): { readonly count: number; readonly sha256: string } {
    this.#flush()
    const hash = this.#hash.copy()
    let count = this.#count
    for (const { symbol, digest } of tapes) {
      count += digest.count
      hash.update(`T ${symbol} ${digest.text}\n`)
    }
    return { count, sha256: hash.digest('hex') }
  }

  #flush(): void {
    this.#hash.update(this.#buffer)
    this.#buffer = ''
  }
}
