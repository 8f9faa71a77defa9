/** JSON text of the venue's documents. Ids beyond 2^53 arrive as bigint and leave as plain digits, as the venue writes them. */

const MARK = '\u0000bigint:'
const MARKED = /"\\u0000bigint:(-?\d+)"/g

export function jsonText(value: unknown): string {
  try {
    return JSON.stringify(value)
  } catch (thrown) {
    if (!(thrown instanceof TypeError)) throw thrown
    const text = JSON.stringify(value, (_key, item: unknown) => (typeof item === 'bigint' ? `${MARK}${item}` : item))
    return text.replace(MARKED, '$1')
  }
}
