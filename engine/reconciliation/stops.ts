/**
 * Protection, judged by what rests at the venue, never by what the ledger believes:
 * a position that should have a stop has exactly one; a protective order without a position is an orphan.
 * P1: a ghost trade re-placing stops; P2: stops that come twice; P8: a position restored without its stop.
 */
import type { PositionSide, VenueOrder } from '../contract/venue.ts'
import { decimal, toText, ZERO, type Decimal } from '../money/decimal.ts'
import { finding, positionKey, type BothBooks, type Finding } from './finding.ts'
import { ownerOf } from './own-ids.ts'

const STOPS = new Set(['STOP', 'STOP_MARKET', 'TRAILING_STOP_MARKET'])
const PROFITS = new Set(['TAKE_PROFIT', 'TAKE_PROFIT_MARKET'])

/** A conditional order that can only close. */
export const isProtective = (order: VenueOrder): boolean =>
  (STOPS.has(order.type) || PROFITS.has(order.type)) &&
  (order.closePosition ||
    order.reduceOnly ||
    (order.positionSide === 'LONG' && order.side === 'SELL') ||
    (order.positionSide === 'SHORT' && order.side === 'BUY'))

const closes = (order: VenueOrder, quantity: Decimal): boolean => (order.side === 'SELL') === quantity.gt(0)

export function compareStops({ local, venue, context }: BothBooks): readonly Finding[] {
  const findings: Finding[] = []
  const held = new Map(venue.positions.map((p) => [positionKey(p.symbol, p.positionSide), p]))
  const protective = venue.openOrders.filter(isProtective)
  const localIds = new Set(local.openOrders.map((order) => order.clientId))
  const stopPending = (symbol: string, side: PositionSide): boolean =>
    local.openOrders.some(
      (order) => order.symbol === symbol && order.positionSide === side && STOPS.has(order.type) && order.state.includes('InFlight'),
    )

  for (const mine of local.positions) {
    const key = positionKey(mine.symbol, mine.positionSide)
    const position = held.get(key)
    if (position === undefined) continue
    const quantity = decimal(position.quantity)
    const mark = context.marks.get(mine.symbol) ?? decimal(position.markPrice)
    const stops = protective.filter(
      (order) => STOPS.has(order.type) && positionKey(order.symbol, order.positionSide) === key && closes(order, quantity),
    )
    if (stops.length === 0 && mine.wantsStop && !stopPending(mine.symbol, mine.positionSide)) {
      findings.push(
        finding({
          kind: 'missing-stop',
          severity: 'crit',
          symbol: mine.symbol,
          positionSide: mine.positionSide,
          summary: `${toText(quantity)} is held without a stop at the venue`,
          local: 'a stop is planned',
          venue: 'no stop rests',
          atRisk: quantity.mul(mark),
          evidence: { position, protective: protective.filter((o) => o.symbol === mine.symbol).map((o) => o.clientId) },
          actions: ['repair', 'flatten', 'ignore'],
        }),
      )
    }
    // While one stop takes another's place both rest for a moment: the brain has a request about one of them on its way.
    if (!stopPending(mine.symbol, mine.positionSide))
      findings.push(...duplicates(stops, quantity, mine.symbol, mine.positionSide, localIds))
  }
  for (const order of protective) {
    const position = held.get(positionKey(order.symbol, order.positionSide))
    if (position !== undefined && closes(order, decimal(position.quantity))) continue
    if (ownerOf(order.clientId) === 'foreign' && !localIds.has(order.clientId)) continue
    if (context.now - order.createdAt < context.inFlightMs) continue
    findings.push(
      finding({
        kind: 'orphan-stop',
        severity: 'warn',
        symbol: order.symbol,
        positionSide: order.positionSide,
        key: order.clientId,
        summary: `${order.type} ${order.side} rests without a position to close (${order.clientId})`,
        local: localIds.has(order.clientId) ? 'known' : 'unknown',
        venue: `${order.status} at ${order.triggerPrice}`,
        atRisk: order.closePosition ? ZERO : decimal(order.quantity).mul(order.triggerPrice),
        evidence: { order, position: position ?? null },
        actions: ['repair', 'ignore'],
      }),
    )
  }
  return findings
}

/** Fixed stops beyond the first that the position needs; a trailing stop may rest beside a fixed one. */
function duplicates(
  stops: readonly VenueOrder[],
  quantity: Decimal,
  symbol: string,
  positionSide: PositionSide,
  localIds: ReadonlySet<string>,
): Finding[] {
  const fixed = stops.filter((order) => order.type !== 'TRAILING_STOP_MARKET')
  if (fixed.length < 2) return []
  // Kept first: one the ledger knows, then the oldest. Several partial stops are fine while together they do not exceed the position.
  const ranked = fixed.toSorted(
    (a, b) =>
      Number(localIds.has(b.clientId)) - Number(localIds.has(a.clientId)) ||
      a.createdAt - b.createdAt ||
      (a.clientId < b.clientId ? -1 : 1),
  )
  let covered: Decimal = ZERO
  const surplus: VenueOrder[] = []
  for (const order of ranked) {
    const size = order.closePosition ? quantity.abs() : decimal(order.quantity)
    if (covered.plus(size).gt(quantity.abs())) surplus.push(order)
    else covered = covered.plus(size)
  }
  return surplus.map((order) =>
    finding({
      kind: 'duplicate-stop',
      severity: 'warn',
      symbol,
      positionSide,
      key: order.clientId,
      summary: `${fixed.length} stops rest for one position; ${order.clientId} is one too many`,
      local: localIds.has(order.clientId) ? 'known' : 'unknown',
      venue: fixed.map((o) => o.clientId).join(', '),
      atRisk: (order.closePosition ? quantity.abs() : decimal(order.quantity)).mul(order.triggerPrice),
      evidence: { order, stops: fixed },
      actions: ['repair', 'ignore'],
    }),
  )
}
