/** How much to buy: a fixed fraction of equity between entry and stop, never more than any rail leaves room for. */
import type { Rails } from '../contract/settings.ts'
import { decimal, Decimal } from '../money/decimal.ts'

export interface SizeInput {
  readonly equity: Decimal
  readonly price: Decimal
  readonly stop: Decimal
  /** Per cent of equity lost when the stop is hit. */
  readonly riskPct: number
  readonly rails: Rails
  readonly maxLeverage: number
  /** Notional already held or working in the symbol, and over all symbols, USDT. */
  readonly positionNotional: Decimal
  readonly grossNotional: Decimal
}

/** Unquantised quantity, zero when there is no room; always finite and never negative. */
export function sizeOf(input: SizeInput): Decimal {
  const distance = input.price.minus(input.stop).abs()
  if (input.price.lte(0) || distance.lte(0) || input.equity.lte(0)) return new Decimal(0)
  // The float percentage is a setting, not money: its shortest text is what the trader typed.
  const risk = input.equity.times(new Decimal(String(input.riskPct))).div(100)
  const room = Decimal.min(
    decimal(input.rails.maxOrderNotional),
    decimal(input.rails.maxPositionNotional).minus(input.positionNotional),
    input.equity.times(input.maxLeverage).minus(input.grossNotional),
  )
  return Decimal.max(0, Decimal.min(risk.div(distance), room.div(input.price)))
}
