/** Seeded randomness: only integer and basic IEEE arithmetic, so that every machine draws the same numbers. */

/** Mixes up to four integers into 32 bits (murmur3 finaliser); stateless, so a book level's size needs no memory. */
export function hash32(a: number, b = 0, c = 0, d = 0): number {
  let h = Math.imul(a ^ 0x9e3779b9, 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13) ^ b, 0xc2b2ae35)
  h = Math.imul(h ^ (h >>> 16) ^ c, 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13) ^ d, 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

/** Uniform in [0, 1) from a hash. */
export const hashUnit = (a: number, b = 0, c = 0, d = 0): number => hash32(a, b, c, d) / 4_294_967_296

export function textSeed(seed: number, text: string): number {
  let h = seed >>> 0
  for (let i = 0; i < text.length; i++) h = hash32(h, text.charCodeAt(i), i)
  return h
}

/** mulberry32 stream. */
export class Rng {
  /** One word. In a field, 32 bits do not fit V8's small integers: every draw would pass through a boxed double (measured 3 ×). */
  readonly #state = new Int32Array(1)

  constructor(seed: number) {
    this.#state[0] = seed
  }

  /** As a new stream of that seed. */
  restart(seed: number): void {
    this.#state[0] = seed
  }

  /** Uniform in [0, 1). */
  next(): number {
    const state = this.#state
    let t = ((state[0] ?? 0) + 0x6d2b79f5) | 0
    state[0] = t
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }

  /** Integer in [min, max]. */
  int(min: number, max: number): number {
    return min + Math.floor(this.next() * (max - min + 1))
  }

  /** Near-normal, mean 0, variance 1 (sum of twelve uniforms: no logarithms, which differ between machines). */
  normal(): number {
    let sum = -6
    for (let i = 0; i < 12; i++) sum += this.next()
    return sum
  }
}
