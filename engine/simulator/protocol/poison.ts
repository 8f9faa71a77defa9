/**
 * Poisoned frames: a genuine event of the venue turned into something no client should believe (the list of audit C2.2).
 * Each poison is derived from the event it replaces, so that it reaches exactly the code that would have taken the real one.
 */
import { unreachable } from '../../contract/result.ts'
import { jsonText } from './json-text.ts'

export const POISONS = [
  'null',
  'missingField',
  'text',
  'emptyText',
  'zero',
  'negative',
  'positiveInfinity',
  'negativeInfinity',
  'hugeExponent',
  'notANumber',
  'bareNaN',
  'highBelowLow',
  'closeOutside',
  'negativeVolume',
  'timeZero',
  'timeFuture',
  'timeBack',
  'duplicate',
  'wrongSymbol',
  'jump',
  'beyondSafeInteger',
  'deepNesting',
  'oneMegabyte',
  'truncated',
  'invalidUtf8',
  'prototypeKeys',
  'arrayForObject',
  'nullFrame',
] as const
export type Poison = (typeof POISONS)[number]

type Json = Record<string, unknown>

/** Where the price, quantity and time of each event type sit. */
interface Shape {
  readonly inner?: string
  readonly price: string
  readonly quantity: string
  readonly time: string
  readonly id?: string
}
const SHAPES: Readonly<Record<string, Shape>> = {
  kline: { inner: 'k', price: 'c', quantity: 'v', time: 't', id: 'L' },
  aggTrade: { price: 'p', quantity: 'q', time: 'T', id: 'a' },
  trade: { price: 'p', quantity: 'q', time: 'T', id: 't' },
  bookTicker: { price: 'b', quantity: 'B', time: 'T', id: 'u' },
  markPriceUpdate: { price: 'p', quantity: 'i', time: 'E' },
  '24hrMiniTicker': { price: 'c', quantity: 'v', time: 'E' },
  '24hrTicker': { price: 'c', quantity: 'v', time: 'E' },
  ORDER_TRADE_UPDATE: { inner: 'o', price: 'L', quantity: 'l', time: 'T', id: 'i' },
}
const FALLBACK: Shape = { price: 'p', quantity: 'q', time: 'E' }

const isJson = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)
const number = (value: unknown): number => Number(value)

/**
 * The frames to send instead of `data`. More than one for poisons that need a sequence (duplicate). `wrap` puts the text of an
 * event into the frame ({stream, data} or bare).
 */
export function poisonFrames(poison: Poison, data: unknown, wrap: (text: string) => string): readonly (string | Buffer)[] {
  const copy: unknown = structuredClone(data)
  const root: Json = isJson(copy) ? copy : { value: copy }
  const shape = SHAPES[typeof root['e'] === 'string' ? root['e'] : ''] ?? FALLBACK
  const inner = shape.inner === undefined ? undefined : root[shape.inner]
  const at: Json = isJson(inner) ? inner : root
  const text = (): string => wrap(jsonText(root))
  const price = number(at[shape.price])
  const setPrice = (value: unknown): readonly string[] => {
    at[shape.price] = value
    return [text()]
  }
  const setTime = (value: number): readonly string[] => {
    at[shape.time] = value
    root['E'] = value
    return [text()]
  }

  switch (poison) {
    case 'null':
      return setPrice(null)
    case 'missingField':
      delete at[shape.price]
      return [text()]
    case 'text':
      return setPrice('not a price')
    case 'emptyText':
      return setPrice('')
    case 'zero':
      return setPrice('0')
    case 'negative':
      return setPrice(`-${String(at[shape.price])}`)
    case 'positiveInfinity':
      return setPrice('Infinity')
    case 'negativeInfinity':
      return setPrice('-Infinity')
    case 'hugeExponent':
      return setPrice('@@').map((frame) => frame.replace('"@@"', '1e999'))
    case 'notANumber':
      return setPrice('NaN')
    case 'bareNaN':
      return setPrice('@@').map((frame) => frame.replace('"@@"', 'NaN'))
    case 'highBelowLow': {
      if (isJson(inner) && 'h' in inner) {
        ;[at['h'], at['l']] = [at['l'], at['h']]
        if (at['h'] === at['l']) at['h'] = String(number(at['l']) * 0.99)
        return [text()]
      }
      if ('b' in root && 'a' in root) {
        ;[root['b'], root['a']] = [root['a'], root['b']]
        return [text()]
      }
      return setPrice(`-${String(at[shape.price])}`)
    }
    case 'closeOutside':
      return setPrice(String(isJson(inner) && 'h' in inner ? number(inner['h']) * 1.5 + 1 : price * 6))
    case 'negativeVolume':
      at[shape.quantity] = `-${String(number(at[shape.quantity]) || 1)}`
      return [text()]
    case 'timeZero':
      return setTime(0)
    case 'timeFuture':
      return setTime(number(root['E']) + 86_400_000)
    case 'timeBack':
      return setTime(number(root['E']) - 86_400_000)
    case 'duplicate':
      return [text(), text()]
    case 'wrongSymbol':
      root['s'] = 'WRONGUSDT'
      if (isJson(inner) && 's' in inner) inner['s'] = 'WRONGUSDT'
      return [text()]
    case 'jump': {
      for (const key of ['o', 'h', 'l', 'c', 'p', 'b', 'a', 'L']) {
        const value = at[key]
        if (typeof value === 'string' && Number.isFinite(Number(value))) at[key] = String(Number(value) * 6)
      }
      return [text()]
    }
    case 'beyondSafeInteger':
      if (shape.id !== undefined) at[shape.id] = '@@'
      else at[shape.price] = '@@'
      return [text().replace('"@@"', '9007199254740993')]
    case 'deepNesting':
      root['x'] = '@@'
      return [text().replace('"@@"', '['.repeat(20_000) + ']'.repeat(20_000))]
    case 'oneMegabyte':
      root['x'] = 'A'.repeat(1_048_576)
      return [text()]
    case 'truncated': {
      const whole = text()
      return [whole.slice(0, Math.max(1, Math.floor(whole.length * 0.7)))]
    }
    case 'invalidUtf8':
      return [Buffer.concat([Buffer.from(text().slice(0, -1)), Buffer.from([0xc3, 0x28, 0xff, 0x7d])])]
    case 'prototypeKeys':
      root['x'] = '@@'
      return [
        text().replace(
          '"x":"@@"',
          '"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},"prototype":{"polluted":true}',
        ),
      ]
    case 'arrayForObject':
      if (shape.inner !== undefined) {
        root[shape.inner] = [at]
        return [text()]
      }
      return [wrap(jsonText([root]))]
    case 'nullFrame':
      return ['null']
    default:
      return unreachable(poison)
  }
}
