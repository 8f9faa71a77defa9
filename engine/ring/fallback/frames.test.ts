import fc from 'fast-check'
import { expect, test } from 'vitest'
import { TICK_WORDS } from '../../contract/tick.ts'
import { encodeFrame, FrameKind, FrameReader, HEAD_WORDS, socketPath, ticksFrame, type Frame } from './frames.ts'

const sequence = fc.integer({ min: 1, max: 2 ** 48 })
const double = fc.double({ noNaN: true })

const frames = fc.array(
  fc.oneof(
    fc
      .tuple(fc.nat({ max: 15 }), sequence)
      .map(([index, next]) => ({ bytes: encodeFrame(FrameKind.hello, index, next, 7), ticks: [] as number[] })),
    fc.tuple(fc.integer({ min: 1, max: 20 }), sequence, double).map(([n, first, value]) => {
      const frame = ticksFrame(n, first, first + n)
      frame.fill(value, HEAD_WORDS)
      return { bytes: new Uint8Array(frame.buffer), ticks: Array.from({ length: n * TICK_WORDS }, () => value) }
    }),
  ),
  { maxLength: 8 },
)

test('however the stream is cut, the same frames come out', () => {
  fc.assert(
    fc.property(frames, fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1 }), (sent, cuts) => {
      const stream = Buffer.concat(sent.map(({ bytes }) => bytes))
      const got: Frame[] = []
      const reader = new FrameReader((frame) => got.push(frame))
      for (let at = 0, i = 0; at < stream.length; i++) {
        const n = cuts[i % cuts.length] ?? 1
        expect(reader.push(stream.subarray(at, at + n))).toBe(true)
        at += n
      }
      expect(got.map(({ kind, a, b, c, ticks }) => ({ head: [kind, a, b, c], ticks: [...ticks] }))).toEqual(
        sent.map(({ bytes, ticks }) => ({ head: [...new Float64Array(bytes.slice(0, 32).buffer)], ticks })),
      )
    }),
  )
})

test.each([
  ['unknown kind', [9, 1, 1, 1]],
  ['no ticks', [FrameKind.ticks, 0, 1, 1]],
  ['more ticks than a frame may have', [FrameKind.ticks, 1e9, 1, 1]],
  ['sequence 0', [FrameKind.ticks, 1, 0, 1]],
  ['a reader that cannot be', [FrameKind.hello, 16, 1, 0]],
  ['not a number', [FrameKind.welcome, Number.NaN, 1, 1]],
  ['negative', [FrameKind.welcome, 1, -1, 1]],
])('an impossible head ends the connection: %s', (_, head) => {
  const got: Frame[] = []
  expect(new FrameReader((frame) => got.push(frame)).push(new Uint8Array(Float64Array.from(head).buffer))).toBe(false)
  expect(got).toEqual([])
})

test('socket addresses fit the system whatever the ring is called', () => {
  const long = `/tmp/${'x'.repeat(200)}/ring`
  expect(Buffer.byteLength(socketPath(long))).toBeLessThanOrEqual(100)
  expect(socketPath(long)).not.toBe(socketPath(`${long}2`))
})
