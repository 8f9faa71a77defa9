/** `aegis ledger` over real files: known numbers, every input form, and refusals that name line and field. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { LedgerDocument } from '../money/ledger-report.ts'
import { ledger, runLedgerCommand } from './ledger.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ledger-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const write = (name: string, text: string | Buffer): string => {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}
const run = (options: Parameters<typeof runLedgerCommand>[0]): LedgerDocument => {
  const result = runLedgerCommand(options)
  if (!result.ok) throw new Error(result.error.message)
  return result.value
}
const refusal = (options: Parameters<typeof runLedgerCommand>[0]): string => {
  const result = runLedgerCommand(options)
  return result.ok ? 'accepted' : result.error.message.replace(`${folder}/`, '')
}

const HEADER = 'buyer,commission,commissionAsset,id,maker,orderId,price,qty,quoteQty,realizedPnl,side,positionSide,symbol,time'
const CSV = `${HEADER}
true,0.05,USDT,1,false,11,100,1,100,0,BUY,BOTH,BTCUSDT,1700000000000
true,0.104,USDT,2,false,12,104,2,208,0,BUY,BOTH,BTCUSDT,1700000001000
false,0.165,USDT,3,true,13,110,4,440,21.99999999,SELL,BOTH,BTCUSDT,1700000002000
`
const brief = (d: LedgerDocument) => d.fills.map((f) => [f.tradeId, f.realizedPnl, f.position, f.averageEntry, f.fee, f.outcome])

describe('aegis ledger --fills', () => {
  const WANTED = [
    ['1', '0', '1', '100', '0.05', 'booked'],
    ['2', '0', '3', '102.66666666666666667', '0.104', 'booked'],
    ['3', '22', '-1', '110', '0.165', 'booked'],
  ]

  it('CSV: realised profit, position, average and fees per fill; totals', () => {
    const d = run({ fills: write('a.csv', CSV), wallet: '1000' })
    expect(brief(d)).toEqual(WANTED)
    expect([d.realizedPnl, d.fees, d.wallet, d.disagreements]).toEqual(['22', '0.319', '1021.681', 0])
    expect(d.positions).toEqual([{ symbol: 'BTCUSDT', positionSide: 'BOTH', quantity: '-1', averageEntry: '110', realizedPnl: '22' }])
  })

  it('JSON gives the same, also unsorted and with a trade twice; ids beyond 2^53 stay exact', () => {
    const rows = CSV.trim()
      .split('\n')
      .slice(1)
      .map((line) => Object.fromEntries(line.split(',').map((value, i) => [HEADER.split(',')[i], value])))
      .map((row) => ({ ...row, time: Number(row['time']), maker: row['maker'] === 'true' }))
    const [a, b, c] = rows
    const d = run({ fills: write('a.json', JSON.stringify([c, a, b, a])) })
    expect(brief(d).filter((row) => row[5] === 'booked')).toEqual(WANTED)
    expect(d.duplicates).toBe(1)
    const big = JSON.stringify([a, b]).replaceAll('"id":"1"', '"id":9007199254740993').replaceAll('"id":"2"', '"id":9007199254740995')
    expect(run({ fills: write('big.json', big) }).fills.map((f) => f.tradeId)).toEqual(['9007199254740993', '9007199254740995'])
  })

  it('trades of several symbols in one millisecond, in any order of rows: each row as it happened', () => {
    const row = (symbol: string, id: number, side: string, price: number) =>
      `true,0,USDT,${id},false,1,${price},1,${price},0,${side},BOTH,${symbol},1700000000000`
    const rows = [row('ETHUSDT', 2, 'SELL', 110), row('BTCUSDT', 7, 'BUY', 5), row('ETHUSDT', 1, 'BUY', 100), row('BTCUSDT', 6, 'SELL', 6)]
    for (const order of [rows, rows.toReversed(), [...rows.slice(1), ...rows.slice(0, 1)]]) {
      const d = run({ fills: write('same.csv', [HEADER, ...order].join('\n')) })
      const shown = (symbol: string) => d.fills.filter((f) => f.symbol === symbol).map((f) => [f.tradeId, f.realizedPnl, f.position])
      expect(shown('ETHUSDT')).toEqual([
        ['1', '0', '1'],
        ['2', '10', '0'],
      ])
      expect(shown('BTCUSDT')).toEqual([
        ['6', '0', '-1'],
        ['7', '1', '0'],
      ])
    }
  })

  it("this app's own export is read too", () => {
    const own = `time,symbol,side,positionSide,price,quantity,realizedPnl,commission,commissionAsset,maker,tradeId,orderId,clientId,source
2023-11-14T22:13:20.000Z,BTCUSDT,SELL,BOTH,100,1,0,0.05,USDT,false,1,11,abc,stream
2023-11-14T22:13:21.000Z,BTCUSDT,BUY,BOTH,95,1,5,0.05,USDT,false,2,12,"a,""b",stream
`
    expect(brief(run({ fills: write('own.csv', own) })).map((row) => row[1])).toEqual(['0', '5'])
  })

  it('a realised profit that the file states otherwise is shown, and is no failure of the command', async () => {
    const file = write('off.csv', CSV.replace('21.99999999', '21.5'))
    const d = run({ fills: file })
    expect([d.disagreements, d.fills[2]?.disagrees, d.fills[2]?.realizedPnl, d.fills[2]?.venueRealizedPnl]).toEqual([1, true, '22', '21.5'])
    let out = ''
    const io = { out: (text: string) => void (out += text), err: () => {}, stopped: new Promise<void>(() => {}) }
    expect(await ledger.run(['--fills', file, '--json'], io)).toBe(0)
    expect(JSON.parse(out)).toEqual(d)
  })

  it('times as the venue’s page exports them: UTC whatever the machine’s zone, seconds, and old line ends', () => {
    const zone = process.env['TZ']
    process.env['TZ'] = 'America/New_York'
    try {
      const at = (cell: string) =>
        run({ fills: write('t.csv', `${HEADER}\n${CSV.split('\n')[1]?.replace('1700000000000', cell)}`) }).fills[0]?.time
      expect([at('2023-11-14 22:13:20'), at('2023-11-14T22:13:20.000Z'), at('1700000000')]).toEqual(Array(3).fill(1_700_000_000_000))
    } finally {
      if (zone === undefined) delete process.env['TZ']
      else process.env['TZ'] = zone
    }
    expect(brief(run({ fills: write('old-mac.csv', CSV.replaceAll('\n', '\r')) }))).toEqual(WANTED)
  })

  it.each([
    ['as the venue writes them', CSV],
    ['all small', CSV.replace(HEADER, HEADER.toLowerCase())],
    ['all capitals', CSV.replace(HEADER, HEADER.toUpperCase())],
    [
      'each with a capital',
      CSV.replace(
        HEADER,
        HEADER.replaceAll(/(^|,)./g, (first) => first.toUpperCase()),
      ),
    ],
    ["this app's own names", CSV.replace(',id,', ',TRADEID,').replace(',qty,', ',Quantity,')],
  ])('names of columns in any case, packed or not: %s', (_, text) => {
    for (const [name, content] of [
      ['case.csv', text],
      ['case.csv.gz', gzipSync(text)],
    ] as const)
      expect(brief(run({ fills: write(name, content) }))).toEqual(WANTED)
  })

  it('JSON is read packed too, whatever the name of the file', () => {
    const trade = { symbol: 'BTCUSDT', id: 1, side: 'BUY', price: '100', qty: '1', time: 1_700_000_000_000 }
    for (const name of ['t.json.gz', 't.json']) expect(run({ fills: write(name, gzipSync(JSON.stringify([trade]))) }).fills).toHaveLength(1)
    expect(refusal({ fills: write('cut.json.gz', gzipSync(JSON.stringify([trade])).subarray(0, 40)) })).toBe(
      'cut.json.gz cannot be unpacked: unexpected end of file',
    )
  })

  it('contracts paid in another asset have totals of their own, and those in USDT are as without them', () => {
    const usdc = CSV.trim()
      .split('\n')
      .slice(1)
      .map((line) => line.replace('USDT', 'USDC').replace('BTCUSDT', 'ETHUSDC'))
    const alone = run({ fills: write('usdt.csv', CSV), wallet: '1000' })
    const mixed = run({ fills: write('mixed.csv', `${CSV}${usdc.join('\n')}\n`), wallet: '1000' })
    expect(alone).not.toHaveProperty('otherAssets')
    const own = { realizedPnl: '22', fees: '0.319', funding: '0', transfers: '0', foreignFees: {} }
    expect(mixed).toMatchObject({ ...own, wallet: '1021.681', otherAssets: { USDC: own } })
    expect(mixed.fills.filter((one) => one.marginAsset === undefined)).toEqual(alone.fills)
    expect(mixed.fills.filter((one) => one.marginAsset === 'USDC').map((one) => one.realizedPnl)).toEqual(['0', '0', '22'])
    expect(mixed.positions).toEqual([...alone.positions, { ...alone.positions[0], symbol: 'ETHUSDC', marginAsset: 'USDC' }])
  })

  it('a fee of no named asset is paid in what the contract is paid in; one in a third asset is kept apart', () => {
    const text = `symbol,id,side,price,qty,time,commission\nETHUSDC,1,BUY,100,1,1700000000000,0.5\n`
    expect(run({ fills: write('fee.csv', text) })).toMatchObject({ fees: '0', otherAssets: { USDC: { fees: '0.5', foreignFees: {} } } })
    const named = text.replace('commission', 'commission,commissionAsset').replace('0.5', '0.5,BNB')
    expect(run({ fills: write('fee.csv', named) })).toMatchObject({
      foreignFees: {},
      otherAssets: { USDC: { fees: '0', foreignFees: { BNB: '0.5' } } },
    })
  })

  it('the table names the asset that is not USDT', async () => {
    let out = ''
    const io = { out: (text: string) => void (out += text), err: () => {}, stopped: new Promise<void>(() => {}) }
    const file = write('usdc.csv', CSV.replaceAll('USDT', 'USDC'))
    expect(await ledger.run(['--fills', file], io)).toBe(0)
    expect(out).toMatch(/ 22 USDC /)
    expect(out).toMatch(/^realizedPnl {2}0$[^]*^realizedPnl {2}22 USDC$\n^fees {9}0\.319 USDC$/m)
  })

  it.each([
    [
      'coin-margined',
      CSV.replace('BTCUSDT,1700000001000', 'BTCUSD_PERP,1700000001000'),
      'bad.csv: line 3: symbol: BTCUSD_PERP is coin-margined',
    ],
    ['column twice', CSV.replace('buyer', 'Price'), 'bad.csv: line 1: column price is there more than once (Price, price)'],
    ['no number', CSV.replace(',104,2,', ',abc,2,'), 'bad.csv: line 3: price: expected a decimal number'],
    ['negative quantity', CSV.replace(',104,2,', ',104,-2,'), 'bad.csv: line 3: qty: must not be negative'],
    ['zero quantity', CSV.replace(',104,2,', ',104,0,'), 'bad.csv: line 3: quantity: quantity 0 cannot be booked'],
    ['side', CSV.replace(',BUY,BOTH,BTCUSDT,1700000001000', ',HOLD,BOTH,BTCUSDT,1700000001000'), 'bad.csv: line 3: side: '],
    ['a column too few', CSV.replace('true,0.104,', '0.104,'), 'bad.csv: line 3: 13 columns, the header has 14'],
    ['header', CSV.replace('price', 'preis'), 'bad.csv: line 1: column price is missing'],
    ['open quote', CSV.replace('true,0.104', '"true,0.104'), 'bad.csv: line 3: a quote is not closed'],
    ['time', CSV.replace('1700000001000', 'yesterday'), 'bad.csv: line 3: time: '],
    ['nothing', ' \n', 'bad.csv is empty'],
    ['broken JSON', '[{', 'bad.csv is not JSON'],
  ])('refuses %s by line and field', (_, text, message) => {
    expect(refusal({ fills: write('bad.csv', text) }).startsWith(message)).toBe(true)
  })

  it('refuses a missing file, both inputs, none, and a wallet that is no amount', () => {
    expect([
      refusal({ fills: join(folder, 'none.csv') }),
      refusal({}),
      refusal({ fills: 'a', stream: 'b' }),
      refusal({ fills: 'a', wallet: '1e3' }),
    ]).toEqual([
      'none.csv does not exist or cannot be read',
      'ledger expects --fills FILE or --stream FILE',
      'ledger expects either --fills or --stream',
      '--wallet expects an amount such as 1000.50',
    ])
  })
})

describe('aegis ledger --stream', () => {
  const order = (t: number, side: string, price: string, rp: string) => ({
    e: 'ORDER_TRADE_UPDATE',
    E: t,
    T: t,
    o: Object.fromEntries([
      ...Object.entries({ s: 'BTCUSDT', c: `c${t}`, S: side, o: 'MARKET', f: 'GTC', q: '1', p: '0', ap: price, sp: '0', x: 'TRADE' }),
      ...Object.entries({ X: 'FILLED', i: t, l: '1', z: '1', L: price, n: '0.05', N: 'USDT', T: t, t, b: '0', a: '0', m: false, R: false }),
      ...Object.entries({ wt: 'CONTRACT_PRICE', ot: 'MARKET', ps: 'BOTH', cp: false, rp, pP: false, si: 0, ss: 0, V: 'NONE', er: '0' }),
    ]),
  })
  const funding = {
    e: 'ACCOUNT_UPDATE',
    E: 3,
    T: 3,
    a: { m: 'FUNDING_FEE', S: 'BTCUSDT', B: [{ a: 'USDT', wb: '1', cw: '1', bc: '-0.25' }], P: [] },
  }
  const deposit = { e: 'ACCOUNT_UPDATE', E: 1, T: 1, a: { m: 'DEPOSIT', B: [{ a: 'USDT', wb: '1', cw: '1', bc: '100' }], P: [] } }
  const events = [deposit, order(2, 'SELL', '100', '0'), funding, order(4, 'BUY', '95', '5')]

  it.each([
    ['one per line', events.map((e) => JSON.stringify(e)).join('\n')],
    [
      'wrapped, repeated, reordered',
      [events[3], events[1], events[2], events[2], events[0], events[1]].map((data) => JSON.stringify({ stream: 'k', data })).join('\r\n'),
    ],
    ['one array', JSON.stringify(events)],
  ])('%s', (_, text) => {
    const d = run({ stream: write('s.txt', text) })
    expect([d.realizedPnl, d.fees, d.funding, d.transfers, d.wallet, d.positions]).toEqual(['5', '0.1', '-0.25', '100', '104.65', []])
  })

  it('funding and transfers of another margin asset are told apart, and what is none is left out', () => {
    const balances = [
      { a: 'USDC', wb: '1', cw: '1', bc: '7' },
      { a: 'BNB', wb: '1', cw: '1', bc: '3' },
    ]
    const other = { e: 'ACCOUNT_UPDATE', E: 5, T: 5, a: { m: 'DEPOSIT', B: balances, P: [] } }
    const d = run({ stream: write('s.txt.gz', gzipSync([...events, other].map((one) => JSON.stringify(one)).join('\n'))) })
    expect([d.transfers, d.wallet]).toEqual(['100', '104.65'])
    expect(d.otherAssets).toEqual({ USDC: { realizedPnl: '0', fees: '0', funding: '0', transfers: '7', foreignFees: {} } })
  })

  it('names the line of what is no event', () => {
    expect(refusal({ stream: write('s.txt', `${JSON.stringify(deposit)}\n{"e":`) })).toBe('s.txt: line 2 is not JSON')
    expect(refusal({ stream: write('s.txt', '{"e":"ORDER_TRADE_UPDATE","E":1,"T":1}') })).toMatch(/^s\.txt: line 1: /)
  })
})
