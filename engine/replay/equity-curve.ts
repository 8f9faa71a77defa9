/** Equity after every closed bar, and the figures that come from it. Doubles: a curve is a chart (INV-01 allows it). */

const DAY_MS = 86_400_000
/** Points kept for the report; the figures are computed over every bar. */
const MAX_POINTS = 2_000
/** Numbers a point. */
const WIDTH = 3
const YEAR_DAYS = 365

export interface CurvePoint {
  readonly time: number
  readonly equity: number
  /** Fraction below the highest equity so far, 0 or positive. */
  readonly drawdown: number
}

export interface CurveFigures {
  /** Largest fall from a peak, as a fraction and in USDT. */
  readonly maxDrawdown: number
  readonly maxDrawdownUsdt: number
  /** Longest time below a former peak, ms. */
  readonly longestDrawdownMs: number
  /** Of daily (UTC) returns, annualised by √365; null when fewer than three days or no variation. */
  readonly sharpe: number | null
  readonly sortino: number | null
  readonly days: number
}

export class EquityCurve {
  readonly #start: number
  #peak: number
  #peakAt = 0
  #last: number
  #lastTime = 0
  #maxDrawdown = 0
  #maxDrawdownUsdt = 0
  #longest = 0
  #day = -1
  #dayClose: number
  readonly #returns: number[] = []
  /** Time, equity and drawdown of the points kept. */
  readonly #points = new Float64Array(MAX_POINTS * WIDTH)
  #kept = 0
  #stride = 1
  #count = 0

  constructor(start: number) {
    this.#start = start
    this.#peak = start
    this.#last = start
    this.#dayClose = start
  }

  /** One point, in time order. */
  add(time: number, equity: number): void {
    const day = Math.floor((time - 1) / DAY_MS)
    if (this.#day === -1) this.#peakAt = time
    else if (day > this.#day) this.#closeDay()
    this.#day = day
    this.#last = equity
    this.#lastTime = time
    if (equity >= this.#peak) {
      this.#longest = Math.max(this.#longest, time - this.#peakAt)
      this.#peak = equity
      this.#peakAt = time
    }
    const fall = this.#peak - equity
    const drawdown = this.#peak > 0 ? fall / this.#peak : 0
    if (drawdown > this.#maxDrawdown) this.#maxDrawdown = drawdown
    if (fall > this.#maxDrawdownUsdt) this.#maxDrawdownUsdt = fall
    if (this.#count++ % this.#stride === 0) {
      if (this.#kept === MAX_POINTS) this.#thin()
      const at = this.#kept++ * WIDTH
      this.#points[at] = time
      this.#points[at + 1] = equity
      this.#points[at + 2] = drawdown
    }
  }

  /** Keeps every other point. */
  #thin(): void {
    for (let i = 2; i < this.#kept; i += 2) this.#points.copyWithin((i / 2) * WIDTH, i * WIDTH, (i + 1) * WIDTH)
    this.#kept = Math.ceil(this.#kept / 2)
    this.#stride *= 2
  }

  #closeDay(): void {
    if (this.#dayClose > 0) this.#returns.push(this.#last / this.#dayClose - 1)
    this.#dayClose = this.#last
  }

  points(): readonly CurvePoint[] {
    const points = Array.from({ length: this.#kept }, (_, i): CurvePoint => {
      const [time = 0, equity = 0, drawdown = 0] = this.#points.subarray(i * WIDTH, (i + 1) * WIDTH)
      return { time, equity, drawdown }
    })
    const last = points.at(-1)
    if (last === undefined || last.time === this.#lastTime) return points
    return [...points, { time: this.#lastTime, equity: this.#last, drawdown: this.#peak > 0 ? 1 - this.#last / this.#peak : 0 }]
  }

  figures(): CurveFigures {
    const returns = [...this.#returns]
    if (this.#day !== -1 && this.#dayClose > 0) returns.push(this.#last / this.#dayClose - 1)
    const mean = returns.reduce((sum, one) => sum + one, 0) / Math.max(1, returns.length)
    const deviation = Math.sqrt(returns.reduce((sum, one) => sum + (one - mean) ** 2, 0) / Math.max(1, returns.length - 1))
    const downside = Math.sqrt(returns.reduce((sum, one) => sum + Math.min(0, one) ** 2, 0) / Math.max(1, returns.length))
    const ratio = (risk: number): number | null => (returns.length < 3 || risk === 0 ? null : (mean / risk) * Math.sqrt(YEAR_DAYS))
    return {
      maxDrawdown: this.#maxDrawdown,
      maxDrawdownUsdt: this.#maxDrawdownUsdt,
      longestDrawdownMs: Math.max(this.#longest, this.#lastTime === 0 ? 0 : this.#lastTime - this.#peakAt),
      sharpe: ratio(deviation),
      sortino: ratio(downside),
      days: returns.length,
    }
  }

  get start(): number {
    return this.#start
  }
}
