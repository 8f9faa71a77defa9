/**
 * The embedded exchange in a process of its own, so that the brain's figures are the brain's. Reports when the head of each order
 * request has arrived: monotonic time of the machine, which both processes share.
 */
import diagnostics from 'node:diagnostics_channel'
import type { IncomingMessage } from 'node:http'
import { startSimulator } from '../../engine/simulator/server.ts'

const nowUs = (): number => Number(process.hrtime.bigint() / 1_000n)

interface RequestStart {
  readonly request: IncomingMessage
}
const isRequestStart = (message: unknown): message is RequestStart =>
  typeof message === 'object' && message !== null && 'request' in message

diagnostics.subscribe('http.server.request.start', (message) => {
  const at = nowUs()
  if (!isRequestStart(message)) return
  const { method = '', url = '' } = message.request
  if (url.includes('/fapi/v1/order') && method !== 'GET') process.send?.({ method, at })
})

const started = await startSimulator({
  speed: Number(process.argv[2] ?? 60),
  timebase: 'wall',
  limits: { weightPerMinute: 10_000_000, ordersPerTenSeconds: 10_000_000, ordersPerMinute: 10_000_000 },
})
if (!started.ok) throw new Error(started.error.message)
const { rest, ws, key, secret } = started.value
process.send?.({ rest, ws, key, secret })
