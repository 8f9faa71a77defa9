/** Hash over everything that happened, in order: two runs with the same seed and the same calls have the same hash. */
import { createHash } from 'node:crypto'

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

  digest(): { readonly count: number; readonly sha256: string } {
    this.#flush()
    return { count: this.#count, sha256: this.#hash.copy().digest('hex') }
  }

  #flush(): void {
    this.#hash.update(this.#buffer)
    this.#buffer = ''
  }
}
