import { expect, it } from 'vitest'
import { toCsv } from './csv.ts'

it('quotes what needs quoting, keeps numbers, disarms formulas', () => {
  const text = toCsv(
    ['a', 'b,c'],
    [
      ['-12.50', 'say "hi"'],
      ['=1+1', 'line\nbreak'],
      ['-x', '+1'],
    ],
  )
  expect(text).toBe('a,"b,c"\r\n-12.50,"say ""hi"""\r\n\'=1+1,"line\nbreak"\r\n\'-x,\'+1\r\n')
})
