/**
 * The brain's orders by client id. Those that time or a venue's word can still change are kept apart, so that a thousand ended ones
 * kept for late events cost nothing. Invariant: `live` holds exactly the orders that have not ended or owe a fill.
 */
import { isTerminal, type Order } from '../orders/order.ts'

export class OrderMap extends Map<string, Order> {
  readonly live = new Map<string, Order>()

  override set(clientId: string, order: Order): this {
    if (isTerminal(order.state) && order.executed === order.booked) this.live.delete(clientId)
    else this.live.set(clientId, order)
    return super.set(clientId, order)
  }

  override delete(clientId: string): boolean {
    this.live.delete(clientId)
    return super.delete(clientId)
  }

  override clear(): void {
    this.live.clear()
    super.clear()
  }
}
