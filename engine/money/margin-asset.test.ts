import { expect, it } from 'vitest'
import { marginAssetOf } from './margin-asset.ts'

it.each([
  ['BTCUSDT', 'USDT'],
  ['BTCUSDT_250328', 'USDT'],
  ['1000PEPEUSDC', 'USDC'],
  ['USDCUSDT', 'USDT'],
  ['BTCDOMUSDT', 'USDT'],
  ['ETHBTC', 'BTC'],
  ['APEBUSD', 'BUSD'],
  ['BTCUSD1', 'USD1'],
  ['ETHU', undefined],
  ['BTCFDUSD', undefined],
  ['BTCUSD_PERP', undefined],
  ['BTCUSD_250328', undefined],
  ['BTCUSD', undefined],
  ['BNBUSD_PERP', undefined],
  ['BNBUSD_250328', undefined],
  ['USDT', undefined],
  ['EURUSD', undefined],
  ['', undefined],
])('%s is paid in %s', (symbol, asset) => expect(marginAssetOf(symbol)).toBe(asset))
