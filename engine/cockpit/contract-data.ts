/** Decimals for display, from the venue's public contract data. Best effort: without it the view shows the decimals it has seen. */
import * as v from 'valibot'

const InfoSchema = v.object({
  symbols: v.array(
    v.object({
      symbol: v.string(),
      filters: v.array(v.looseObject({ filterType: v.string(), tickSize: v.optional(v.string()), stepSize: v.optional(v.string()) })),
    }),
  ),
})

const decimals = (step: string | undefined): number => step?.replace(/0+$/, '').split('.')[1]?.length ?? 0

export async function displayDecimals(
  rest: string,
  symbols: readonly string[],
): Promise<readonly { readonly symbol: string; readonly price: number; readonly quantity: number }[]> {
  try {
    const response = await fetch(`${rest}/fapi/v1/exchangeInfo`, { redirect: 'error', signal: AbortSignal.timeout(10_000) })
    const parsed = v.safeParse(InfoSchema, await response.json())
    if (!response.ok || !parsed.success) return []
    return parsed.output.symbols
      .filter((one) => symbols.includes(one.symbol))
      .map((one) => ({
        symbol: one.symbol,
        price: decimals(one.filters.find((filter) => filter.filterType === 'PRICE_FILTER')?.tickSize),
        quantity: decimals(one.filters.find((filter) => filter.filterType === 'LOT_SIZE')?.stepSize),
      }))
  } catch {
    return []
  }
}
