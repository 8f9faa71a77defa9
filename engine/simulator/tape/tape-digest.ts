/** A running digest over every step of one symbol's tape, in order: what the event log says of prices, without a text per step. */
export class TapeDigest {
  count = 0
  #a = 0x243f6a88 | 0
  #b = 0x85a308d3 | 0

  add(time: number, price: number, qty: number, buys: boolean): void {
    this.count++
    let a = Math.imul(this.#a ^ (time | 0), 0x85ebca6b)
    a = Math.imul(a ^ (a >>> 15) ^ (price | 0), 0xc2b2ae35)
    let b = Math.imul(this.#b ^ (qty | 0), 0x9e3779b1)
    b = Math.imul(b ^ (b >>> 13) ^ (buys ? 1 : 0), 0x27d4eb2f)
    this.#a = a ^ (b >>> 16)
    this.#b = b ^ (a >>> 13)
  }

  get text(): string {
    return `${this.count} ${(this.#a >>> 0).toString(16)} ${(this.#b >>> 0).toString(16)}`
  }
}
