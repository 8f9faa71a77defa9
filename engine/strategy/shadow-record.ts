/**
 * Two records side by side, the teacher's and the student's, in units of risk per trade, and what the student has earned by them.
 *
 * The test: one-sided Welch t-test at 95 % that the student's mean result exceeds the teacher's, over the last 200 signals (the same
 * stretch of market for both: the student's are those among them it would have traded), with at least 30 of each, and the student's own
 * mean above zero. The critical value 1.70 is Student's for 29 degrees of freedom, the fewest there can be, so it is stricter than needed
 * for more. The student's trades are a part of the teacher's, which makes Welch's error larger than the true one: the test errs against
 * the student. It is looked at after every outcome; that a step takes 20 of the student's outcomes under an unbroken pass, and one look
 * that fails costs every step, is what pays for looking often.
 */
import type { ShadowRecordView } from '../contract/learning.ts'

const WINDOW = 200
const NEEDED = 30
const CRITICAL = 1.7
const STEP_EVERY = 20
/** Beyond the most the student's rail can allow (10) a step means nothing. */
const MOST_STEPS = 9

/** The last outcomes, oldest first, in columns. */
class Outcomes {
  readonly r = new Float64Array(WINDOW)
  readonly taken = new Uint8Array(WINDOW)
  count = 0

  push(r: number, taken: boolean): void {
    if (this.count === WINDOW) {
      this.r.copyWithin(0, 1)
      this.taken.copyWithin(0, 1)
      this.count--
    }
    this.r[this.count] = r
    this.taken[this.count++] = taken ? 1 : 0
  }
}

/** Mean and variance of some outcomes, in one pass each. */
class Sample {
  readonly count: number
  readonly mean: number
  readonly variance: number
  readonly winRate: number

  /** @param taken true: only what the student would have traded */
  constructor(outcomes: Outcomes, taken: boolean) {
    const { count } = outcomes
    let n = 0
    let sum = 0
    let wins = 0
    for (let i = 0; i < count; i++) {
      if (taken && outcomes.taken[i] === 0) continue
      const r = outcomes.r[i] ?? 0
      n++
      sum += r
      if (r > 0) wins++
    }
    const mean = n === 0 ? 0 : sum / n
    let squares = 0
    for (let i = 0; i < count; i++) {
      if (taken && outcomes.taken[i] === 0) continue
      const off = (outcomes.r[i] ?? 0) - mean
      squares += off * off
    }
    this.count = n
    this.mean = mean
    this.variance = n < 2 ? 0 : squares / (n - 1)
    this.winRate = n === 0 ? 0 : wins / n
  }
}

const viewOf = ({ count, winRate, mean }: Sample, total: number): ShadowRecordView => ({ judged: count, winRate, meanR: mean, total })

export interface RecordComparison {
  readonly teacher: ShadowRecordView
  readonly student: ShadowRecordView
  readonly window: number
  readonly needed: number
  readonly t: number
  readonly threshold: number
  readonly beats: boolean
  readonly steps: number
  readonly toNextStep: number
  readonly why: string
}

export class ShadowRecord {
  private readonly last = new Outcomes()
  private teacher = new Sample(this.last, false)
  private student = new Sample(this.last, true)
  private total = 0
  private totalTaken = 0
  private earned = 0
  private sinceStep = 0
  private statistic = 0

  /** One outcome of a teacher's signal; `taken` when the student would have traded it. */
  add(r: number, taken: boolean): void {
    this.total++
    if (taken) this.totalTaken++
    this.last.push(r, taken)
    this.teacher = new Sample(this.last, false)
    this.student = new Sample(this.last, true)
    this.statistic = welch(this.student, this.teacher)
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
      this.earned = Math.min(MOST_STEPS, this.earned + 1)
    }
  }

  /** Welch's t after the newest outcome; 0 while there is too little to say. */
  get t(): number {
    return this.statistic
  }

  /** Whole steps of leverage earned. */
  get steps(): number {
    return this.earned
  }

  beats(): boolean {
    return this.statistic > CRITICAL && this.student.mean > 0
  }

  view(): RecordComparison {
    return {
      teacher: viewOf(this.teacher, this.total),
      student: viewOf(this.student, this.totalTaken),
      window: WINDOW,
      needed: NEEDED,
      t: this.statistic,
      threshold: CRITICAL,
      beats: this.beats(),
      steps: this.earned,
      toNextStep: STEP_EVERY - this.sinceStep,
      why: this.why(),
    }
  }

  private why(): string {
    if (this.student.count < NEEDED || this.teacher.count < NEEDED) {
      return `too few outcomes to compare: student ${this.student.count}, teacher ${this.teacher.count}, each needs ${NEEDED}`
    }
    const t = `t = ${this.statistic.toFixed(2)}`
    if (this.statistic <= CRITICAL) return `does not beat the teacher: ${t}, more than ${CRITICAL.toFixed(2)} is needed`
    if (this.student.mean <= 0) return `beats the teacher (${t}) but loses: its mean is ${this.student.mean.toFixed(2)} R`
    return `beats the teacher: ${t} is more than ${CRITICAL.toFixed(2)}; ${STEP_EVERY - this.sinceStep} more of its outcomes to the next step`
  }
}

/** Welch's t that the mean of `one` exceeds the mean of `other`; 0 while either is too small or nothing varies. */
function welch(one: Sample, other: Sample): number {
  if (one.count < NEEDED || other.count < NEEDED) return 0
  const error = Math.sqrt(one.variance / one.count + other.variance / other.count)
  return error === 0 ? 0 : (one.mean - other.mean) / error
}
