import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseLossless } from './lossless-json.ts'

const value = (text: string): unknown => {
  const parsed = parseLossless(text)
  return parsed.ok ? parsed.value : parsed.error.code
}

describe('lossless JSON', () => {
  it('keeps every integer: exact ones as numbers, others as their text', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 80n), max: 2n ** 80n }), (n) => {
        const parsed = value(`{"last":${n},"list":[${n}, 1],"id":${n}}`)
        const expected = Number.isSafeInteger(Number(n)) && BigInt(Number(n)) === n ? Number(n) : String(n)
        expect(parsed).toEqual({ last: expected, list: [expected, 1], id: expected })
      }),
    )
  })

  it('gives what JSON.parse gives for every document whose numbers are exact', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (document) => {
        const text = JSON.stringify(document, (_, one: unknown) =>
          typeof one === 'number' && Number.isInteger(one) && !Number.isSafeInteger(one) ? 0 : one,
        )
        expect(value(text)).toEqual(JSON.parse(text))
        const long = `{"a":12345678901234567890,"b":${text}}`
        expect(value(long)).toEqual({ a: '12345678901234567890', b: JSON.parse(text) })
      }),
    )
  })

  it('leaves digits inside strings alone, escaped quotes included', () => {
    const text = String.raw`{"c":"x\"12345678901234567890","d":"\\","e":12345678901234567890,"12345678901234567890":"9007199254740993"}`
    expect(value(text)).toEqual({
      c: 'x"12345678901234567890',
      d: '\\',
      e: '12345678901234567890',
      '12345678901234567890': '9007199254740993',
    })
  })

  it('keeps a fraction that no double holds', () => {
    expect(value('[0.12345678901234567890, 0.1, 1e3]')).toEqual(['0.12345678901234567890', 0.1, 1000])
  })

  it.each(['', '{', '[1,]', '{"a":01234567890123456789}', '12345678901234567890x', 'NaN', '{"a":}', '<html>', '"\u0000"'])(
    'refuses %j',
    (text) => {
      expect(value(text)).toBe('malformed')
    },
  )

  it('takes a megabyte of string and a deep document without breaking', () => {
    expect(value(`{"x":"${'\\"1234567890123456'.repeat(60_000)}","n":12345678901234567890}`)).toMatchObject({ n: '12345678901234567890' })
    expect(Array.isArray(value(`${'['.repeat(5_000)}12345678901234567890${']'.repeat(5_000)}`))).toBe(true)
  })
})
