/**
 * Logistic regression learned one example at a time (stochastic gradient descent with L2), on features scaled by their own
 * running mean and deviation (Welford). Deterministic: same examples in the same order, same weights to the last bit.
 */
export interface LogisticState {
  readonly names: readonly string[]
  readonly weights: readonly number[]
  readonly bias: number
  readonly examples: number
}

export class LogisticRegression {
  private readonly names: readonly string[]
  private readonly weights: Float64Array
  private readonly mean: Float64Array
  private readonly squares: Float64Array
  private readonly rate: number
  private readonly shrink: number
  /** Of the example at hand. */
  private readonly values: Float64Array
  private bias = 0
  private examples = 0

  /** @param rate first step size, falling with 1/√n; @param shrink L2 penalty per example */
  constructor(names: readonly string[], rate = 0.2, shrink = 0.001) {
    this.names = names
    this.weights = new Float64Array(names.length)
    this.mean = new Float64Array(names.length)
    this.squares = new Float64Array(names.length)
    this.values = new Float64Array(names.length)
    this.rate = rate
    this.shrink = shrink
  }

  /** Probability that the label is 1; 0.5 before anything was learned. */
  predict(features: Readonly<Record<string, number>>): number {
    this.read(features)
    return this.chance()
  }

  learn(features: Readonly<Record<string, number>>, label: 0 | 1): void {
    this.examples++
    this.read(features)
    for (let i = 0; i < this.names.length; i++) {
      const value = this.values[i] ?? 0
      const before = this.mean[i] ?? 0
      const mean = before + (value - before) / this.examples
      this.mean[i] = mean
      this.squares[i] = (this.squares[i] ?? 0) + (value - before) * (value - mean)
    }
    const error = label - this.chance()
    const step = this.rate / Math.sqrt(this.examples)
    this.bias += step * error
    for (let i = 0; i < this.names.length; i++) {
      const weight = this.weights[i] ?? 0
      this.weights[i] = weight + step * (error * this.scaled(i) - this.shrink * weight)
    }
  }

  /** Examples learned from. */
  get seen(): number {
    return this.examples
  }

  state(): LogisticState {
    return { names: this.names, weights: [...this.weights], bias: this.bias, examples: this.examples }
  }

  weight(i: number): number {
    return this.weights[i] ?? 0
  }

  get intercept(): number {
    return this.bias
  }

  private chance(): number {
    let sum = this.bias
    for (let i = 0; i < this.names.length; i++) sum += (this.weights[i] ?? 0) * this.scaled(i)
    return 1 / (1 + Math.exp(-Math.max(-30, Math.min(30, sum))))
  }

  private read(features: Readonly<Record<string, number>>): void {
    for (let i = 0; i < this.names.length; i++) this.values[i] = features[this.names[i] ?? ''] ?? 0
  }

  private scaled(i: number): number {
    const deviation = this.examples > 1 ? Math.sqrt((this.squares[i] ?? 0) / this.examples) : 0
    const value = this.values[i] ?? 0
    // Beyond four deviations a feature says "extreme" and no more; one outlier must not own the model.
    return deviation === 0 ? 0 : Math.max(-4, Math.min(4, (value - (this.mean[i] ?? 0)) / deviation))
  }
}
