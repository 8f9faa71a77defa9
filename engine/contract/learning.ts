/** What a learning strategy tells: facts for the journal, and the two records for the screen. Doubles by design: units of risk, not money. */

/** What the learning strategy's shadow saw: enough to learn exactly the same again after a restart. Times in venue ms. */
export type ShadowFact =
  | {
      readonly event: 'watched'
      readonly signalId: string
      readonly side: 'BUY' | 'SELL'
      /** Close of the bar that gave the signal. */
      readonly time: number
      readonly price: number
      readonly stop: number
      readonly takeProfit: number
      readonly maxHoldMs: number
      readonly features: Readonly<Record<string, number>>
      /** What the model thought before it knew: chance of profit. */
      readonly chance: number
      /** The student would trade it, and its outcome counts in the student's record. */
      readonly taken: boolean
    }
  | {
      readonly event: 'outcome'
      readonly signalId: string
      /** Close of the bar that met the barrier. */
      readonly time: number
      readonly barrier: 'stop' | 'takeProfit' | 'time'
      /** Result in units of the planned risk, after costs. */
      readonly r: number
      readonly taken: boolean
      /** The test, the steps earned and the model's weights after this outcome. */
      readonly t: number
      readonly steps: number
      readonly weights: Readonly<Record<string, number>>
    }

/** One side of the shadow comparison, in units of planned risk per trade (R), after costs. */
export interface ShadowRecordView {
  /** Outcomes the test judges: those among the teacher's last `window`. */
  readonly judged: number
  readonly winRate: number
  readonly meanR: number
  /** Outcomes ever. */
  readonly total: number
}

/** Teacher and student side by side: two records, the test between them, and what it earns. */
export interface ShadowView {
  readonly teacher: ShadowRecordView
  readonly student: ShadowRecordView
  readonly window: number
  /** Outcomes each side needs before the test says anything. */
  readonly needed: number
  /** Welch's t of student against teacher, one-sided; 0 while there is too little to say. */
  readonly t: number
  readonly threshold: number
  readonly beats: boolean
  /** Leverage steps earned, and how many of the student's outcomes the next one still takes. */
  readonly steps: number
  readonly toNextStep: number
  /** Outcomes the model learned from; it decides for itself after `apprenticeship` of them. */
  readonly learned: number
  readonly apprenticeship: number
  /** One sentence: why the student has what it has. */
  readonly why: string
}

/** The learning strategy of one symbol and its leverage. */
export interface LearningRow {
  readonly symbol: string
  /** Whose signals are traded. */
  readonly trading: string
  readonly shadow: ShadowView
  readonly base: number
  /** What the student may use now, and the most it can ever have. */
  readonly allowed: number
  readonly most: number
  /** At the venue; 0 = not confirmed. */
  readonly venue: number
}

/** `rows` is empty when the strategy does not learn. */
export interface LearningView {
  readonly strategy: string
  readonly rows: readonly LearningRow[]
}
