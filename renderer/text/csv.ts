/**
 * RFC 4180 text of a table. Cells that a spreadsheet would run as a formula are prefixed with an apostrophe;
 * plain decimal numbers (also negative ones) stay untouched.
 */
const NUMBER = /^-?\d+(\.\d+)?$/

function cell(value: string): string {
  const safe = /^[=+\-@\t\r]/.test(value) && !NUMBER.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

export const toCsv = (header: readonly string[], rows: readonly (readonly string[])[]): string =>
  [header, ...rows].map((row) => row.map(cell).join(',')).join('\r\n') + '\r\n'
