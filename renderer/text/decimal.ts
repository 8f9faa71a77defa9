/**
 * The only place where the screen turns decimal text into words. INV-01: no float touches money here; digits are moved as text
 * and BigInt. `toNumberLossy` is the single way out, for chart geometry only.
 */
const PATTERN = /^(-?)(\d+)(?:\.(\d+))?$/
/** Shown where a figure is not known. */
export const UNKNOWN = '—'
const MINUS = '\u2212'

interface Parts {
  readonly negative: boolean
  readonly whole: string
  readonly fraction: string
}

function parse(text: string | null | undefined): Parts | null {
  const found = text === null || text === undefined ? null : PATTERN.exec(text)
  if (found === null) return null
  return { negative: found[1] === '-', whole: found[2] ?? '0', fraction: found[3] ?? '' }
}

const scaled = (parts: Parts, decimals: number): bigint =>
  BigInt((parts.negative ? '-' : '') + parts.whole + parts.fraction.padEnd(decimals, '0').slice(0, decimals))

/** Half away from zero, on digits. */
function round(parts: Parts, decimals: number): Parts {
  if (parts.fraction.length <= decimals) return { ...parts, fraction: parts.fraction.padEnd(decimals, '0') }
  const up = (parts.fraction[decimals] ?? '0') >= '5' ? 1n : 0n
  const digits = (BigInt(parts.whole + parts.fraction.slice(0, decimals)) + up).toString().padStart(decimals + 1, '0')
  const cut = digits.length - decimals
  return { negative: parts.negative, whole: digits.slice(0, cut), fraction: digits.slice(cut) }
}

export interface DecimalFormat {
  /** Fixed decimals; without it the text keeps its own. */
  readonly decimals?: number
  /** 'always' writes + before a gain. */
  readonly sign?: 'auto' | 'always'
}

/** "-1234567.5" with 2 decimals → "−1,234,567.50"; what is no decimal text shows as "—". A rounded zero has no sign. */
export function formatDecimal(text: string | null | undefined, format: DecimalFormat = {}): string {
  const parts = parse(text)
  if (parts === null) return UNKNOWN
  const { whole, fraction, negative } = format.decimals === undefined ? parts : round(parts, format.decimals)
  const grouped = whole.replace(/\B(?=(\d{3})+(?!\d))/g, ',')
  const zero = /^0*$/.test(whole + fraction)
  const sign = zero ? '' : negative ? MINUS : format.sign === 'always' ? '+' : ''
  return sign + grouped + (fraction === '' ? '' : `.${fraction}`)
}

/** −1, 0 or 1; unknown text counts as 0. */
export function signOf(text: string | null | undefined): -1 | 0 | 1 {
  const parts = parse(text)
  if (parts === null || /^0*$/.test(parts.whole + parts.fraction)) return 0
  return parts.negative ? -1 : 1
}

/** Change from `open` to `last` in per cent, two decimals, exact to the last digit; null when it cannot be said. */
export function changePercent(last: string, open: string): string | null {
  const [a, b] = [parse(last), parse(open)]
  if (a === null || b === null) return null
  const places = Math.max(a.fraction.length, b.fraction.length)
  const [x, y] = [scaled(a, places), scaled(b, places)]
  if (y <= 0n) return null
  const difference = (x - y) * 10_000n
  const magnitude = difference < 0n ? -difference : difference
  const hundredths = (magnitude * 2n + y) / (y * 2n)
  const digits = hundredths.toString().padStart(3, '0')
  return `${difference < 0n && hundredths > 0n ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`
}

/** Without its minus. */
export const magnitude = (text: string): string => (text.startsWith('-') ? text.slice(1) : text)

/** For chart coordinates only, never for a figure that is read. */
export const toNumberLossy = (text: string): number => Number(text)
