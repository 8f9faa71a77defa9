/** Percentiles of the newest samples, without growing (INV-11). */
export interface Latency {
  add(value: number): void
  /** 0 while there are no samples. `fraction` in [0, 1]. */
  percentile(fraction: number): number
}

export function createLatency(kept = 1_024): Latency {
  const samples = new Float64Array(kept)
  let count = 0
  return {
    add(value) {
      samples[count++ % kept] = value
    },
    percentile(fraction) {
      const size = Math.min(count, kept)
      if (size === 0) return 0
      const sorted = samples.slice(0, size).sort()
      return sorted[Math.min(size - 1, Math.floor(fraction * size))] ?? 0
    },
  }
}
