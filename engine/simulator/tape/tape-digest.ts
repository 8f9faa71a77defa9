/** A running digest over every step of one symbol's tape, in order: what the event log says of prices, without a text per step. */
export class TapeDigest {
  count = 0
  #a = 0x243f6a88 | 0
  #b = 0x85a308d3 | 0

  add(time: number, price: number, qty: number, buys: boolean): void {
    this.count++
    const a = Math.imul(this.#a ^ (time | 0) ^ (this.#b >>> 15), 0x85ebca6b) ^ (price | 0)
    this.#b = Math.imul(this.#b ^ (qty | 0) ^ (a >>> 13), 0x9e3779b1) ^ (buys ? 1 : 0)
    this.#a = a
  }

  get text(): string {
    return `${this.count} ${(this.#a >>> 0).toString(16)} ${(this.#b >>> 0).toString(16)}`
  }
}
