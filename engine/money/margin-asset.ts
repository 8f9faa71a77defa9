/**
 * What a USDⓈ-M contract is paid in, by its name: lists of trades do not say it. Coin-margined contracts (BTCUSD_PERP) are paid in
 * their base, by another formula than this ledger's; they have none here.
 */

/** Quotes of exchangeInfo's contracts, BUSD's (ended 2023) among them. Another one is refused rather than guessed. */
const QUOTES = ['USDT', 'USDC', 'BUSD', 'USD1', 'BTC'] as const
export type MarginAsset = (typeof QUOTES)[number]

export const isMarginAsset = (asset: string): asset is MarginAsset => QUOTES.some((quote) => quote === asset)

/** undefined: coin-margined, or no name of a contract that is known. A delivery date behind the name is no part of the quote. */
export function marginAssetOf(symbol: string): MarginAsset | undefined {
  // Coin-margined like BTCUSD, and no BN that is paid in BUSD.
  if (/^BNBUSD(_|$)/.test(symbol)) return undefined
  const pair = symbol.replace(/_\d{6}$/, '')
  return QUOTES.find((quote) => pair.length > quote.length && pair.endsWith(quote))
}
