/** What amending an order by hand takes, and why it cannot be done right now. The engine judges the new terms; this only asks. */
import { isDecimalText } from '../../engine/contract/decimal-text.ts'
import type { CockpitArg } from '../../engine/contract/cockpit.ts'
import type { OrderRow } from '../../engine/contract/processes.ts'
import { fail, ok, type Result } from '../../engine/contract/result.ts'

/** The venue amends nothing else. */
export const isAmendable = (row: OrderRow): boolean => row.book === 'regular' && row.type === 'LIMIT'

export interface AmendBars {
  readonly halted: boolean
  /** The figures shown may no longer be true, or are frozen. */
  readonly old: boolean
  /** Of the key's rights; null when they suffice. */
  readonly key: string | null
}

/** Why the order cannot be amended now, in words; null when it can. */
export function whyNotAmend(row: OrderRow, bars: AmendBars): string | null {
  if (row.origin === 'foreign') return 'Not our order: adopt it in Reconciliation first'
  if (bars.key !== null) return bars.key
  if (bars.halted) return 'Halted: the kill switch owns every order'
  if (bars.old) return 'These figures are not current'
  if (row.state !== 'Open' && row.state !== 'PartiallyFilled') return `The order is ${row.state}`
  return null
}

/** Price and quantity as typed; what says the same as the row is left as it is. A failure names the field. */
export function amendmentOf(row: OrderRow, typed: { readonly price: string; readonly quantity: string }): Result<CockpitArg<'amendOrder'>> {
  const price = typed.price.trim()
  const quantity = typed.quantity.trim()
  if (!isDecimalText(price)) return fail('price', 'price: expected a number such as 68300.1')
  if (!isDecimalText(quantity)) return fail('quantity', 'quantity: expected a number such as 0.120')
  return ok({
    clientId: row.clientId,
    ...(price === row.price ? {} : { price }),
    ...(quantity === row.quantity ? {} : { quantity }),
  })
}
