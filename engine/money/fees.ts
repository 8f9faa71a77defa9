/** Commission and funding as the venue charges them (exchange.md §3.5), rounded half up to eight decimals of USDT. */
import { toMoney, type Decimal, type Price, type Qty, type Usdt } from './decimal.ts'

/** Commission of one fill; positive = paid. @param rate maker or taker rate of the symbol, e.g. 0.0005 */
export const commission = (price: Price, quantity: Qty, rate: Decimal): Usdt => toMoney(price.mul(quantity.abs()).mul(rate))

/** Funding of one position at settlement: −quantity × mark × rate. A long pays a positive rate, a short receives it. */
export const fundingPayment = (quantity: Qty, mark: Price, rate: Decimal): Usdt => toMoney(quantity.neg().mul(mark).mul(rate))

/** Unrealised profit: quantity × (mark − entry); exact, for both signs of the quantity. */
export const unrealizedProfit = (quantity: Qty, entry: Price, mark: Price): Usdt => quantity.mul(mark.minus(entry)) as Usdt
