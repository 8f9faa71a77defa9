/**
 * Two records side by side, the teacher's and the student's, in units of risk per trade, and what the student has earned by them.
 *
 * The test: one-sided Welch t-test at 95 % that the student's mean result exceeds the teacher's, over the last 200 outcomes of
 * each, with at least 30 of each, and the student's own mean above zero. The critical value 1.70 is Student's for 30 degrees of freedom, which is
 * stricter than needed for more.
 */
const WINDOW = 200
const NEEDED = 30
const CRITICAL = 1.7
const STEP_EVERY = 20

export interface RecordView {
  readonly trades: number
  readonly meanR: number
  readonly winRate: number
  readonly totalR: number
}

export interface ShadowView {
  readonly teacher: RecordView
  readonly student: RecordView
  /** Welch's t; 0 while there is too little to say. */
  readonly t: number
  readonly beats: boolean
  readonly leverage: number
}

class Results {
  private readonly last: number[] = []
  trades = 0
  total = 0
  wins = 0
  add(r: number): void {
    this.trades++
    this.total += r
    if (r > 0) this.wins++
    this.last.push(r)
    if (this.last.length > WINDOW) this.last.shift()
  }
  get count(): number {
    return this.last.length
  }
  mean(): number {
    return this.last.length === 0 ? 0 : this.last.reduce((a, b) => a + b, 0) / this.last.length
  }
  variance(): number {
    const mean = this.mean()
    return this.last.length < 2 ? 0 : this.last.reduce((a, b) => a + (b - mean) ** 2, 0) / (this.last.length - 1)
  }
  view(): RecordView {
    return { trades: this.trades, meanR: this.mean(), winRate: this.trades === 0 ? 0 : this.wins / this.trades, totalR: this.total }
  }
}

export class ShadowRecord {
  private readonly teacher = new Results()
  private readonly student = new Results()
  private readonly base: number
  private readonly most: number
  private earned = 0
  private sinceStep = 0

  /** @param base leverage everybody has; @param most the rail that no record can pass */
  constructor(base: number, most: number) {
    this.base = base
    this.most = most
  }

  /** One outcome of a teacher's signal; `taken` when the student would have traded it. */
  add(r: number, taken: boolean): void {
    this.teacher.add(r)
    if (taken) this.student.add(r)
    if (!this.beats()) {
      // Lost at once, all of it: trust is earned again from the start.
      this.earned = 0
      this.sinceStep = 0
      return
    }
    if (!taken) return
    this.sinceStep++
    if (this.sinceStep >= STEP_EVERY) {
      this.sinceStep = 0
      this.earned++
    }
  }

  t(): number {
    if (this.teacher.count < NEEDED || this.student.count < NEEDED) return 0
    const error = Math.sqrt(this.teacher.variance() / this.teacher.count + this.student.variance() / this.student.count)
    return error === 0 ? 0 : (this.student.mean() - this.teacher.mean()) / error
  }

  beats(): boolean {
    return this.t() > CRITICAL && this.student.mean() > 0
  }

  leverage(): number {
    return Math.max(1, Math.min(this.most, this.base + this.earned))
  }

  view(): ShadowView {
    return { teacher: this.teacher.view(), student: this.student.view(), t: this.t(), beats: this.beats(), leverage: this.leverage() }
  }
}
