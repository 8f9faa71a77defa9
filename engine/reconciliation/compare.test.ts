/** Every kind of mismatch planted, alone and together; and what must not be one. Scenario names follow the field's own lists. */
import { describe, expect, it } from 'vitest'
import { MISMATCH_KINDS } from '../contract/mismatch.ts'
import { compareBooks } from './compare.ts'
import { NOW, books, fill, funding, history, local, localPosition, order, stop, text, type Planted, venuePosition } from './planted.ts'
import { isAutomatic, propose } from './repairs.ts'

const found = (planted: Planted) => compareBooks(books(planted)).findings
const brief = (planted: Planted) => found(planted).map((f) => `${f.kind} ${f.severity} ${f.atRisk}`)

const both = (quantity = '0.5') => ({ book: { positions: [localPosition(quantity)] }, venue: { positions: [venuePosition(quantity)] } })

describe('each kind, planted alone, is found, typed and priced', () => {
  const cases: readonly [kind: (typeof MISMATCH_KINDS)[number], planted: Planted, want: readonly string[]][] = [
    ['ghost-position', { book: { positions: [localPosition('0.5')] } }, ['ghost-position crit 30500']],
    ['unknown-position', { venue: { positions: [venuePosition('-0.5')] } }, ['unknown-position crit 30500']],
    ['quantity', { book: { positions: [localPosition('0.75')] }, venue: { positions: [venuePosition('0.5')] } }, ['quantity crit 15250']],
    ['side-flip', { book: { positions: [localPosition('75')] }, venue: { positions: [venuePosition('-65')] } }, ['side-flip crit 8540000']],
    [
      'average-price',
      { book: { positions: [localPosition('0.5', { averageEntry: text('60010') })] }, venue: { positions: [venuePosition('0.5')] } },
      ['average-price warn 5'],
    ],
    [
      'missing-fill',
      { venue: { positions: [venuePosition('0.5')] }, context: { fills: [fill('BUY', '0.5', { commission: text('15') })] }, wallet: '985' },
      ['missing-fill crit 30000'],
    ],
    ['foreign-order', { venue: { openOrders: [order({ clientId: 'web_abc' })] } }, ['foreign-order warn 500']],
    [
      'lost-order',
      { book: { openOrders: [local(order())] }, context: { lookups: new Map([['sessions-BTCUSDT-e1', { kind: 'absent' }]]) } },
      ['lost-order crit 500'],
    ],
    [
      'order-terms',
      { book: { openOrders: [local(order())] }, venue: { openOrders: [order({ quantity: text('0.03') })] } },
      ['order-terms warn 1000'],
    ],
    [
      'missing-stop',
      { book: { positions: [localPosition('0.5', { wantsStop: true })] }, venue: { positions: [venuePosition('0.5')] } },
      ['missing-stop crit 30500'],
    ],
    ['orphan-stop', { book: { openOrders: [local(stop())] }, venue: { openOrders: [stop()] } }, ['orphan-stop warn 0']],
    [
      'duplicate-stop',
      {
        book: { positions: [localPosition('0.5', { wantsStop: true })], openOrders: [local(stop())] },
        venue: { positions: [venuePosition('0.5')], openOrders: [stop(), stop({ clientId: 'sessions-BTCUSDT-s2', orderId: '901' })] },
      },
      ['duplicate-stop warn 27500'],
    ],
    ['balance-drift', { wallet: '997.5' }, ['balance-drift crit 2.5']],
    [
      'missing-income',
      { context: { income: history({ records: [funding('-2.5')], booked: () => 0 }) }, wallet: '997.5' },
      ['missing-income crit 2.5'],
    ],
    [
      'income-drift',
      { context: { income: history({ changes: [{ reason: 'FUNDING_FEE', symbol: 'BTCUSDT', amount: text('-0.5'), time: NOW }] }) } },
      ['income-drift warn 0.5'],
    ],
    ['stale-data', { context: { dataAgeMs: 6_000 } }, ['stale-data warn 0']],
    ['clock-drift', { context: { clockSkewMs: -6_000 } }, ['clock-drift crit 0']],
    [
      'precision-drift',
      { context: { filterChanges: [{ symbol: 'BTCUSDT', changes: [{ field: 'tickSize', before: '0.1', after: '0.5' }] }] } },
      ['precision-drift warn 0'],
    ],
  ]
  it('the table has every kind', () => expect(cases.map(([kind]) => kind).sort()).toEqual([...MISMATCH_KINDS].sort()))
  it.each(cases)('%s', (_, planted, want) => {
    expect(brief(planted)).toEqual(want)
    for (const f of found(planted)) {
      expect([f.local, f.venue, f.summary].every((line) => line.length > 0)).toBe(true)
      expect(Object.keys(f.evidence).length).toBeGreaterThan(0)
      expect(f.actions).toContain('ignore')
    }
    expect(found(planted)).toEqual(found(planted))
  })
})

describe('nothing is found where nothing is wrong', () => {
  const cases: readonly [string, Planted][] = [
    ['both flat', {}],
    ['exact match long', both('0.5')],
    ['exact match short', both('-0.5')],
    ['same number, other notation', { book: { positions: [localPosition('0.5')] }, venue: { positions: [venuePosition('0.500')] } }],
    ['average within tolerance', { ...both(), book: { positions: [localPosition('0.5', { averageEntry: text('60005.9') })] } }],
    ['dust in the wallet', { wallet: '1000.0000009' }],
    ['open order on both sides', { book: { openOrders: [local(order())] }, venue: { openOrders: [order()] } }],
    ['booked fill is skipped', { ...both(), context: { fills: [fill('BUY', '0.5')], booked: () => true } }],
    ['recent order is skipped', { venue: { openOrders: [order({ clientId: 'web', createdAt: NOW - 4_999 })] } }],
    ['recent local activity is skipped', { book: { openOrders: [local(order({ updatedAt: NOW - 4_999 }), 'SubmitInFlight')] } }],
    [
      'P1 INV-05 missing order with a failed query is not concluded',
      {
        book: { openOrders: [local(order())] },
        context: { lookups: new Map([['sessions-BTCUSDT-e1', { kind: 'unproved', error: '503' }]]) },
      },
    ],
    ['missing order that was not asked for is not concluded', { book: { openOrders: [local(order())] } }],
    [
      'missing order that the query shows working',
      {
        book: { openOrders: [local(order())] },
        context: { lookups: new Map([['sessions-BTCUSDT-e1', { kind: 'found', order: order() }]]) },
      },
    ],
    ['unresolved order at the venue is the brain’s', { book: { unresolved: ['sessions-BTCUSDT-e1'] }, venue: { openOrders: [order()] } }],
    [
      'a fired conditional order lives on as a regular one',
      {
        book: { openOrders: [local(stop({ quantity: text('0.5') }), 'Triggered')] },
        venue: { openOrders: [order({ clientId: 'sessions-BTCUSDT-s1', type: 'MARKET' })] },
      },
    ],
    [
      'stop on its way',
      {
        book: {
          positions: [localPosition('0.5', { wantsStop: true })],
          openOrders: [local(stop({ updatedAt: NOW }), 'SubmitInFlight')],
        },
        venue: { positions: [venuePosition('0.5')] },
      },
    ],
    [
      'two stops that together are the position, and a trailing one beside them',
      {
        book: {
          positions: [localPosition('0.5', { wantsStop: true })],
          openOrders: ['1', '2', '3'].map((n) => local(stop({ clientId: `sessions-BTCUSDT-s${n}` }))),
        },
        venue: {
          positions: [venuePosition('0.5')],
          openOrders: [
            stop({ clientId: 'sessions-BTCUSDT-s1', closePosition: false, reduceOnly: true, quantity: text('0.2') }),
            stop({ clientId: 'sessions-BTCUSDT-s2', closePosition: false, reduceOnly: true, quantity: text('0.3') }),
            stop({ clientId: 'sessions-BTCUSDT-s3', type: 'TRAILING_STOP_MARKET' }),
          ],
        },
      },
    ],
    [
      'hedge legs',
      {
        book: { positions: [localPosition('1', { positionSide: 'LONG' }), localPosition('-2', { positionSide: 'SHORT' })] },
        venue: { positions: [venuePosition('-2', { positionSide: 'SHORT' }), venuePosition('1', { positionSide: 'LONG' })] },
      },
    ],
  ]
  it.each(cases)('%s', (_, planted) => expect(found(planted)).toEqual([]))

  it('P1 INV-05 what was not read is not compared: an empty list of a failed scope finds nothing', () => {
    const scope = {
      orders: false,
      positions: false,
      balances: false,
      orderSymbols: null,
      fillSymbols: new Set<string>(),
      filters: false,
      income: false,
    }
    expect(
      found({
        book: { positions: [localPosition('0.5', { wantsStop: true })], openOrders: [local(order())] },
        wallet: '5',
        context: { scope },
      }),
    ).toEqual([])
  })
})

describe('causes, not effects', () => {
  it('missed fills explain quantity and balance: only they are reported', () => {
    const fills = [fill('BUY', '0.3', { tradeId: '7' }), fill('BUY', '0.2', { tradeId: '8', commission: text('6') })]
    expect(
      brief({ book: { positions: [localPosition('0.5')] }, venue: { positions: [venuePosition('1')] }, context: { fills }, wallet: '994' }),
    ).toEqual(['missing-fill crit 18000', 'missing-fill crit 12000'])
  })

  it('position flip in netting mode by one missed fill', () => {
    const fills = [fill('SELL', '1', { realizedPnl: text('-3') })]
    expect(
      brief({
        book: { positions: [localPosition('0.5')] },
        venue: { positions: [venuePosition('-0.5')] },
        context: { fills },
        wallet: '997',
      }),
    ).toEqual(['missing-fill crit 60000'])
  })

  it('a round trip that was missed whole: positions agree, both fills are found', () => {
    const fills = [fill('BUY', '0.1', { tradeId: '7' }), fill('SELL', '0.1', { tradeId: '8', realizedPnl: text('4') })]
    expect(found({ context: { fills }, wallet: '1004' }).map((f) => f.kind)).toEqual(['missing-fill', 'missing-fill'])
  })

  it('P1 a manual buy is not swallowed into our position: the trader decides', () => {
    const fills = [fill('BUY', '0.5', { orderId: '555' })]
    const [only, ...rest] = found({
      book: { positions: [localPosition('0.5')] },
      venue: { positions: [venuePosition('1')] },
      context: { fills },
    })
    expect(rest).toEqual([])
    expect(only).toMatchObject({ kind: 'quantity', actions: ['adopt', 'flatten', 'ignore'], evidence: { foreignTradeCount: 1 } })
    expect(only !== undefined && isAutomatic(only)).toBe(false)
  })

  it('P1 closed by hand or liquidated: what is gone is booked, nobody keeps trying to close a ghost', () => {
    const fills = [fill('SELL', '0.5', { orderId: '555', realizedPnl: text('10') })]
    const [only, ...rest] = found({ book: { positions: [localPosition('0.5')] }, context: { fills }, wallet: '1010' })
    expect(rest).toEqual([])
    expect(only).toMatchObject({ kind: 'missing-fill', evidence: { own: false } })
    expect(only !== undefined && isAutomatic(only)).toBe(true)
  })

  it('P1 a ghost trade re-placing stops: the orphan is named once, as an orphan', () => {
    expect(brief({ venue: { openOrders: [stop()] } })).toEqual(['orphan-stop warn 0'])
    expect(brief({ venue: { openOrders: [stop({ clientId: 'web_stop' })] } })).toEqual(['foreign-order warn 0'])
  })

  it('our own entry that the ledger forgot is critical', () => {
    expect(brief({ venue: { openOrders: [order({ clientId: 'othersid-BTCUSDT-e9' })] } })).toEqual(['foreign-order crit 500'])
  })

  it('order status discrepancy: filled at the venue, open in the ledger', () => {
    const lookups = new Map([
      ['sessions-BTCUSDT-e1', { kind: 'found', order: order({ status: 'FILLED', executed: text('0.01') }) }],
    ] as const)
    expect(brief({ book: { openOrders: [local(order())] }, context: { lookups } })).toEqual(['lost-order crit 500'])
  })

  it('P2: a stop that is just being replaced is no duplicate; one nobody is replacing is', () => {
    const second = stop({ clientId: 'sessions-BTCUSDT-s2', orderId: '901', triggerPrice: text('56000') })
    const guarded = (state: string): Planted => ({
      book: { positions: [localPosition('0.5', { wantsStop: true })], openOrders: [local(stop(), state), local(second)] },
      venue: { positions: [venuePosition('0.5')], openOrders: [stop(), second] },
    })
    expect(brief(guarded('CancelInFlight'))).toEqual([])
    expect(brief(guarded('Open'))).toEqual(['duplicate-stop warn 28000'])
  })

  it('a working order with other terms at the venue is named with them', () => {
    const [only] = found({
      book: { openOrders: [local(order())] },
      venue: { openOrders: [order({ price: text('49000'), quantity: text('0.02') })] },
    })
    expect(only).toMatchObject({
      kind: 'order-terms',
      severity: 'warn',
      local: 'price 50000, quantity 0.01',
      venue: 'price 49000, quantity 0.02',
    })
  })

  it('critical ones come first, in a fixed order', () => {
    const planted: Planted = {
      book: { positions: [localPosition('0.5')], openOrders: [] },
      venue: { positions: [venuePosition('2', { symbol: 'DOGEUSDT', markPrice: text('0.1') })], openOrders: [order({ clientId: 'web' })] },
      wallet: '999.995',
    }
    expect(brief(planted)).toEqual([
      'ghost-position crit 30500',
      'foreign-order warn 500',
      'unknown-position warn 0.2',
      'balance-drift info 0.005',
    ])
  })
})

describe('proposals', () => {
  const proposal = (planted: Planted, action: Parameters<typeof propose>[1]) => {
    const { local: mine, venue } = books(planted)
    const [first] = found(planted)
    if (first === undefined) throw new Error('nothing found')
    return propose(first, action, mine, venue, new Map([['BTCUSDT', text('61000')]]), NOW)
  }
  it('a missing fill is booked as the venue tells it', () => {
    const missed = fill('BUY', '0.5')
    expect(proposal({ venue: { positions: [venuePosition('0.5')] }, context: { fills: [missed] } }, 'repair')).toMatchObject({
      hands: [],
      repairs: [{ kind: 'book-fill', fill: missed }],
    })
  })
  it('an orphan stop is cancelled, a foreign order only when the trader says so', () => {
    expect(proposal({ venue: { openOrders: [stop()] } }, 'repair').hands).toMatchObject([
      { kind: 'cancel', order: { clientId: 'sessions-BTCUSDT-s1' } },
    ])
    const foreign = { venue: { openOrders: [order({ clientId: 'web' })] } }
    expect(proposal(foreign, 'flatten').hands).toMatchObject([{ kind: 'cancel' }])
    expect(proposal(foreign, 'adopt').repairs).toMatchObject([{ kind: 'adopt-order', order: { clientId: 'web' } }])
    expect(proposal(foreign, 'ignore')).toEqual({ hands: [], repairs: [] })
  })
  it('an unknown position is adopted with the venue’s entry and wallet, or closed', () => {
    const unknown = { venue: { positions: [venuePosition('-0.5')] } }
    expect(proposal(unknown, 'adopt').repairs).toMatchObject([
      { kind: 'adopt-position', quantity: '-0.5', averageEntry: '60000', markPrice: '61000' },
      { kind: 'set-wallet', wallet: '1000' },
    ])
    expect(proposal(unknown, 'flatten').hands).toEqual([{ kind: 'close', symbol: 'BTCUSDT', positionSide: 'BOTH' }])
  })
  it('a ghost is closed in the book at the mark, and the wallet becomes the venue’s', () => {
    expect(proposal({ book: { positions: [localPosition('0.5')] } }, 'repair').repairs).toMatchObject([
      { kind: 'book-fill', fill: { side: 'SELL', quantity: '0.5', price: '61000' } },
      { kind: 'set-wallet', wallet: '1000' },
    ])
  })
  it('a lost order, other terms, a missing stop, a drifted wallet', () => {
    const lost = {
      book: { openOrders: [local(order())] },
      context: { lookups: new Map([['sessions-BTCUSDT-e1', { kind: 'absent' } as const]]) },
    }
    expect(proposal(lost, 'repair').repairs).toMatchObject([{ kind: 'drop-order', clientId: 'sessions-BTCUSDT-e1', venue: null }])
    const changed = { book: { openOrders: [local(order())] }, venue: { openOrders: [order({ price: text('49000') })] } }
    expect(proposal(changed, 'repair').repairs).toMatchObject([
      { kind: 'take-terms', clientId: 'sessions-BTCUSDT-e1', venue: { price: '49000', quantity: '0.01' } },
    ])
    const bare = { book: { positions: [localPosition('0.5', { wantsStop: true })] }, venue: { positions: [venuePosition('0.5')] } }
    expect(proposal(bare, 'repair').repairs).toMatchObject([{ kind: 're-arm-stop', symbol: 'BTCUSDT' }])
    expect(proposal({ wallet: '997.5' }, 'repair').repairs).toMatchObject([{ kind: 'set-wallet', wallet: '997.5' }])
  })
})
