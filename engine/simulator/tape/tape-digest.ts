/** A running digest over every step of one symbol's tape, in order: what the event log says of prices, without a text per step. */
/** Many bits, so that no neighbouring quantity undoes it. */
const BUYS = 0x2545f491

export class TapeDigest {
  count = 0
  /** In memory of 32-bit words, as random.ts says. */
  readonly #words = Int32Array.of(0x243f6a88, 0x85a308d3)

  add(time: number, price: number, qty: number, buys: boolean): void {
    this.count++
    const words = this.#words
    const b = words[1] ?? 0
    const a = Math.imul((words[0] ?? 0) ^ (time | 0) ^ (b >>> 15), 0x85ebca6b) ^ (price | 0)
    words[0] = a
    words[1] = Math.imul(b ^ (qty | 0) ^ (a >>> 13), 0x9e3779b1) ^ (buys ? BUYS : 0)
  }

  get text(): string {
    const [a = 0, b = 0] = this.#words
    return `${this.count} ${(a >>> 0).toString(16)} ${(b >>> 0).toString(16)}`
  }
}
