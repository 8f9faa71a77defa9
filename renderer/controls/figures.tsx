/** Figures on screen: aligned, signed by glyph and colour, never computed. */
import { formatDecimal, signOf } from '../text/decimal.ts'

/** A gain or loss: sign in text, colour from the palette. */
export function Gain({ text, decimals = 2 }: { readonly text: string | null | undefined; readonly decimals?: number }) {
  const sign = signOf(text)
  return <span className={sign > 0 ? 'up' : sign < 0 ? 'down' : undefined}>{formatDecimal(text, { decimals, sign: 'always' })}</span>
}

/** Direction as arrow + word + colour. */
export function Direction({ long, word }: { readonly long: boolean; readonly word: string }) {
  return (
    <span className={long ? 'up' : 'down'}>
      <span aria-hidden="true">{long ? '▲' : '▼'} </span>
      {word}
    </span>
  )
}
