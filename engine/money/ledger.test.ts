/** The ledger against hand-worked cases, and against an independent Decimal book over random fills in random order. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { DecimalText } from '../contract/decimal-text.ts'
import type { PositionSide, Side, VenueFill } from '../contract/venue.ts'
import { decimal, Decimal, toMoney, toText, ZERO } from './decimal.ts'
import { amountText, productToMoney, toFixedAmount } from './fixed.ts'
import { createLedger, type Ledger } from './ledger.ts'
import { createTradeIdMemory, idNumber } from './trade-ids.ts'

const text = (value: string): DecimalText => value as DecimalText
let nextId = 1
function fill(side: Side, quantity: string, price: string, more: Partial<VenueFill> = {}): VenueFill {
  return {
    symbol: 'BTCUSDT',
    tradeId: String(nextId++),
    orderId: '1',
    side,
    positionSide: 'BOTH',
    price: text(price),
    quantity: text(quantity),
    realizedPnl: text('0'),
    commission: text('0'),
    commissionAsset: 'USDT',
    maker: false,
    time: 1_700_000_000_000 + nextId,
    ...more,
  }
}
const open = (options: Partial<Parameters<typeof createLedger>[0]> = {}): Ledger =>
  createLedger({ wallet: text('1000'), acceptVenueRounding: false, ...options })
const book = (ledger: Ledger, ...fills: VenueFill[]) => fills.map((f) => ledger.applyFill(f))
const show = (ledger: Ledger, symbol = 'BTCUSDT', side: PositionSide = 'BOTH') => {
  const p = ledger.position(symbol, side)
  return { quantity: toText(p.quantity), entry: toText(p.averageEntry), realized: toText(p.realized) }
}

describe('ledger, worked by hand', () => {
  it('P1 short profit: short 1 @100 → 95 gives exactly +5, and the long mirrors it', () => {
    const short = open()
    book(short, fill('SELL', '1', '100'), fill('BUY', '1', '95'))
    expect(show(short)).toEqual({ quantity: '0', entry: '0', realized: '5' })
    const long = open()
    book(long, fill('BUY', '1', '100'), fill('SELL', '1', '95'))
    expect(show(long)).toEqual({ quantity: '0', entry: '0', realized: '-5' })
    expect([toText(short.wallet()), toText(long.wallet())]).toEqual(['1005', '995'])
  })

  it('averages additions, realises only what closes, leaves the entry alone when reducing', () => {
    const ledger = open()
    book(ledger, fill('BUY', '0.3', '100'), fill('BUY', '0.1', '104'))
    expect(show(ledger)).toEqual({ quantity: '0.4', entry: '101', realized: '0' })
    book(ledger, fill('SELL', '0.1', '111'))
    expect(show(ledger)).toEqual({ quantity: '0.3', entry: '101', realized: '1' })
  })

  it('flips: closes the old side at its entry and opens the new one at the fill price', () => {
    const ledger = open()
    const [, flip] = book(ledger, fill('BUY', '1', '100'), fill('SELL', '3', '90', { commission: text('0.135') }))
    expect(flip).toMatchObject({ kind: 'booked', realized: '-10', flipped: true, opened: false, closed: false })
    expect(show(ledger)).toEqual({ quantity: '-2', entry: '90', realized: '-10' })
    expect(toText(ledger.wallet())).toBe('989.865')
  })

  it('hedge mode: LONG and SHORT of one symbol are two positions', () => {
    const ledger = open()
    book(
      ledger,
      fill('BUY', '1', '100', { positionSide: 'LONG' }),
      fill('SELL', '2', '110', { positionSide: 'SHORT' }),
      fill('BUY', '1', '105', { positionSide: 'SHORT' }),
    )
    expect(show(ledger, 'BTCUSDT', 'LONG')).toEqual({ quantity: '1', entry: '100', realized: '0' })
    expect(show(ledger, 'BTCUSDT', 'SHORT')).toEqual({ quantity: '-1', entry: '110', realized: '5' })
    expect(toText(ledger.unrealized(() => decimal(text('108'))))).toBe('10')
  })

  it('P1 a fill delivered twice counts once; the two sides of a trade with ourselves count both', () => {
    const ledger = open()
    const one = fill('BUY', '1', '100')
    expect(book(ledger, one, one).map((o) => o.kind)).toEqual(['booked', 'duplicate'])
    expect(ledger.applyFill({ ...one, side: 'SELL' }).kind).toBe('booked')
    expect(show(ledger).quantity).toBe('0')
  })

  it('P1 a fill that comes late is put where it belongs: same book as in order', () => {
    const fills = [fill('BUY', '1', '100'), fill('SELL', '1', '110'), fill('SELL', '1', '120')]
    const inOrder = open()
    book(inOrder, ...fills)
    const late = open()
    const outcomes = book(late, ...[fills[1], fills[2], fills[0]].filter((f) => f !== undefined))
    expect(outcomes.map((o) => o.kind === 'booked' && o.order)).toEqual(['in-order', 'in-order', 'reordered'])
    expect(show(late)).toEqual(show(inOrder))
    expect(show(late)).toEqual({ quantity: '-1', entry: '120', realized: '10' })
    expect(toText(late.wallet())).toBe(toText(inOrder.wallet()))
  })

  it('a flat position keeps nothing of an entry that does not terminate', () => {
    const ledger = open()
    book(
      ledger,
      fill('BUY', '1', '100'),
      fill('BUY', '2', '100.1'),
      fill('SELL', '1', '100'),
      fill('SELL', '1', '100'),
      fill('SELL', '1', '100'),
    )
    expect(show(ledger)).toMatchObject({ quantity: '0', entry: '0' })
    expect(show(ledger).realized).toBe('-0.20000001')
  })

  it('fees in another asset do not touch the wallet', () => {
    const ledger = open()
    book(ledger, fill('BUY', '1', '100', { commission: text('0.0001'), commissionAsset: 'BNB' }))
    expect([toText(ledger.wallet()), ledger.foreignFees()]).toEqual(['1000', { BNB: '0.0001' }])
  })

  it('takes over what the rounding of the venue explains, reports what it does not', () => {
    const fills = [fill('BUY', '1', '100'), fill('BUY', '2', '100.1')]
    const near = createLedger({ wallet: text('1000') })
    book(near, ...fills, fill('SELL', '1', '101', { realizedPnl: text('0.93333334') }))
    expect([show(near).realized, near.disagreements]).toEqual(['0.93333334', 0])
    const far = createLedger({ wallet: text('1000') })
    book(far, ...fills, fill('SELL', '1', '101', { realizedPnl: text('0.94') }))
    expect([show(far).realized, far.disagreements]).toEqual(['0.93333333', 1])
  })

  it('funding and transfers count once by their id; a repair of the wallet is an adjustment', () => {
    const ledger = open()
    const funding = { kind: 'funding', id: '77', amount: text('-0.25') } as const
    expect([ledger.applyChange(funding), ledger.applyChange(funding)]).toEqual(['booked', 'duplicate'])
    ledger.applyChange({ kind: 'transfer', id: '77', amount: text('50') })
    expect(ledger.setWallet(text('1049.5'))).toBe('-0.25')
    expect(Object.fromEntries(Object.entries(ledger.totals()).map(([k, v]) => [k, toText(v)]))).toEqual({
      wallet: '1049.5',
      realized: '0',
      fees: '0',
      funding: '-0.25',
      transfers: '50',
      adjustments: '-0.25',
    })
  })

  it('an adopted position contains every trade up to the last one seen', () => {
    const ledger = open()
    const missed = fill('BUY', '1', '100')
    book(ledger, fill('BUY', '1', '100'))
    ledger.adoptPosition({ symbol: 'BTCUSDT', positionSide: 'BOTH', quantity: text('2'), averageEntry: text('100') }, 5)
    expect(ledger.applyFill(missed).kind).toBe('forgotten')
    expect(show(ledger).quantity).toBe('2')
  })

  it('refuses what is no fill', () => {
    const ledger = open()
    expect(ledger.applyFill(fill('BUY', '0', '100'))).toMatchObject({ kind: 'refused', field: 'quantity' })
    expect(ledger.applyFill(fill('BUY', '1', '-1'))).toMatchObject({ kind: 'refused', field: 'price' })
    expect(ledger.applyFill(fill('BUY', '1', '0.1234567890123456789'))).toMatchObject({ kind: 'refused', field: 'price' })
    expect(ledger.fillCount).toBe(0)
  })
})

/** An independent book: Decimal, entry as a quotient, one position per symbol and side, fills in order of trade id. */
function oracle(fills: readonly VenueFill[]) {
  const positions = new Map<string, { quantity: Decimal; entry: Decimal; realized: Decimal }>()
  let wallet: Decimal = decimal(text('1000'))
  for (const f of fills) {
    const key = `${f.symbol} ${f.positionSide}`
    const p = positions.get(key) ?? { quantity: ZERO, entry: ZERO, realized: ZERO }
    const signed = f.side === 'BUY' ? decimal(f.quantity) : decimal(f.quantity).neg()
    const price = decimal(f.price)
    const after = p.quantity.plus(signed)
    const same = p.quantity.isZero() || p.quantity.isNegative() === signed.isNegative()
    let realized: Decimal = ZERO
    let entry = p.entry
    if (same) entry = p.quantity.abs().mul(p.entry).plus(signed.abs().mul(price)).div(after.abs())
    else {
      const closed = Decimal.min(p.quantity.abs(), signed.abs())
      realized = toMoney(
        price
          .minus(p.entry)
          .mul(closed)
          .mul(p.quantity.isNegative() ? -1 : 1),
      )
      if (after.isZero()) entry = ZERO
      else if (after.isNegative() !== p.quantity.isNegative()) entry = price
    }
    positions.set(key, { quantity: after, entry, realized: p.realized.plus(realized) })
    wallet = wallet.plus(realized).minus(f.commission)
  }
  return { positions, wallet }
}

const places = (value: number, digits: number): DecimalText => text(new Decimal(value).div(new Decimal(10).pow(digits)).toFixed())
const anyFill = fc
  .record({
    symbol: fc.constantFrom('BTCUSDT', 'PEPEUSDT'),
    positionSide: fc.constantFrom<PositionSide>('BOTH', 'LONG', 'SHORT'),
    side: fc.constantFrom<Side>('BUY', 'SELL'),
    price: fc.integer({ min: 1, max: 10_000_000 }).map((v) => places(v, 2)),
    quantity: fc.integer({ min: 1, max: 50_000 }).map((v) => places(v, 3)),
    commission: fc.integer({ min: -1_000, max: 1_000_000 }).map((v) => places(v, 8)),
  })
  .map((part) => fill(part.side, '1', '1', part))

describe('ledger against an independent Decimal book', () => {
  it('same positions, entries, realised profit and wallet, to the last digit, over random fills', () => {
    fc.assert(
      fc.property(fc.array(anyFill, { maxLength: 60 }), (raw) => {
        const fills = raw.map((f, i) => ({ ...f, tradeId: String(i + 1) }))
        const ledger = open()
        book(ledger, ...fills)
        const want = oracle(fills)
        expect(toText(ledger.wallet())).toBe(toText(want.wallet))
        for (const [key, p] of want.positions) {
          const [symbol, side] = key.split(' ') as [string, PositionSide]
          const got = ledger.position(symbol, side)
          expect({ q: toText(got.quantity), r: toText(got.realized) }).toEqual({ q: toText(p.quantity), r: toText(p.realized) })
          expect(got.averageEntry.minus(p.entry).abs().toNumber()).toBeLessThan(1e-20)
        }
      }),
      { numRuns: 300 },
    )
  })

  it('conservation: start + Σ realised − Σ fees + Σ funding = wallet; and realised + unrealised = cash flow within the rounding', () => {
    fc.assert(
      fc.property(fc.array(anyFill, { maxLength: 60 }), fc.array(fc.integer({ min: -1e9, max: 1e9 }), { maxLength: 5 }), (raw, funding) => {
        const fills = raw.map((f, i) => ({ ...f, tradeId: String(i + 1) }))
        const ledger = open()
        book(ledger, ...fills)
        funding.forEach((amount, i) => ledger.applyChange({ kind: 'funding', id: String(i), amount: places(amount, 8) }))
        const t = ledger.totals()
        expect(toText(t.wallet)).toBe(toText(decimal(text('1000')).plus(t.realized).minus(t.fees).plus(t.funding)))
        const mark = decimal(text('1234.5'))
        const flow = fills.reduce(
          (sum, f) =>
            sum.plus(
              decimal(f.quantity)
                .mul(mark.minus(f.price))
                .mul(f.side === 'BUY' ? 1 : -1),
            ),
          ZERO,
        )
        const off = t.realized.plus(ledger.unrealized(() => mark)).minus(flow)
        expect(off.abs().toNumber()).toBeLessThanOrEqual(fills.length * 0.5e-8 + 1e-15)
      }),
      { numRuns: 300 },
    )
  })

  it('C2.1 any order and any number of deliveries give the book of the fills in order, each once', () => {
    fc.assert(
      fc.property(fc.array(anyFill, { minLength: 1, maxLength: 30 }), fc.infiniteStream(fc.nat()), (raw, dice) => {
        const fills = raw.map((f, i) => ({ ...f, tradeId: String(i + 1) }))
        const roll = (n: number) => (dice.next().value ?? 0) % n
        const delivered = [...fills, ...fills.filter(() => roll(3) === 0)].toSorted(() => roll(3) - 1)
        const ledger = open()
        book(ledger, ...delivered)
        const ordered = open()
        book(ordered, ...fills)
        expect(ledger.fillCount).toBe(fills.length)
        expect(toText(ledger.wallet())).toBe(toText(ordered.wallet()))
        expect(JSON.stringify(ledger.allPositions())).toBe(JSON.stringify(ordered.allPositions()))
      }),
      { numRuns: 300 },
    )
  })
})

describe('bounded memory (INV-11)', () => {
  it('trade ids: what was dropped is forgotten, never booked twice; longer ids come after shorter ones; text ids count once', () => {
    const memory = createTradeIdMemory('5')
    const add = (id: string, side: Side = 'BUY') => memory.add(id, idNumber(id), side)
    expect([add('5'), add('4'), add('7'), add('6'), add('6'), add('6', 'SELL'), add('007')]).toEqual(
      'forgotten forgotten new new duplicate new duplicate'.split(' '),
    )
    for (let i = 8; i < 70_000; i++) add(String(i))
    expect([add('6'), add('30000'), add('69999'), add('70000')]).toEqual(['forgotten', 'forgotten', 'duplicate', 'new'])
    const long = '9007199254740993'
    expect([add('syn-1'), add('syn-1'), add(long), add('9007199254740992'), add(long), memory.last]).toEqual([
      'new',
      'duplicate',
      'new',
      'new',
      'duplicate',
      long,
    ])
  })

  it('a straggler older than the fills kept for reordering is booked at the end, and says so', () => {
    const ledger = open()
    const straggler = fill('BUY', '1', '100', { tradeId: '2' })
    for (let i = 3; i < 1_200; i++) ledger.applyFill(fill(i % 2 === 0 ? 'BUY' : 'SELL', '1', '100', { tradeId: String(i) }))
    expect(ledger.applyFill(straggler)).toMatchObject({ kind: 'booked', order: 'beyond-memory' })
    expect(ledger.applyFill(straggler).kind).toBe('duplicate')
    expect(show(ledger).quantity).toBe('0')
  })
})

describe('fixed point', () => {
  it('property: the fast reading and printing of amounts is that of Decimal', () => {
    const digits = fc.tuple(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), fc.integer({ min: 0, max: 18 }))
    fc.assert(
      fc.property(digits, ([whole, shift]) => {
        const plain = new Decimal(whole.toString()).div(new Decimal(10).pow(shift)).toFixed() as DecimalText
        const fixed = toFixedAmount(plain)
        expect(fixed).not.toBeNull()
        if (fixed !== null) expect(amountText(fixed)).toBe(toText(decimal(plain)))
      }),
      { numRuns: 2_000 },
    )
    expect(toFixedAmount(text('0.0000000000000000001'))).toBeNull()
    expect(toFixedAmount(text('0.50000000000000000000000'))).toBe(5n * 10n ** 17n)
  })
  it('property: rounding to money is half away from zero, as Decimal does it', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 45n), max: 10n ** 45n }), (product) => {
        const want = toMoney(new Decimal(product.toString()).div(new Decimal(10).pow(36)))
        expect(amountText(productToMoney(product))).toBe(toText(want))
      }),
      { numRuns: 2_000 },
    )
    expect(amountText(productToMoney(5n * 10n ** 27n))).toBe('0.00000001')
    expect(amountText(productToMoney(-5n * 10n ** 27n))).toBe('-0.00000001')
  })
})
