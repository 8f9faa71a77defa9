/**
 * The guarded control endpoint: fault plans in, their state out. Exists only when a control token was set; loopback callers with
 * that token only, never a browser page (a request with an Origin is refused).
 *
 *   POST /control/faults    a plan, or an array of plans, as JSON (protocol/faults.ts) → {"ids":[…]}
 *   GET /control/faults     plans still armed, and how often each fault has struck, by name
 *   DELETE /control/faults  disarms all
 *   GET /control/account    the exchange's own truth about the account
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Failure, Result } from '../../contract/result.ts'
import type { FaultSchedule } from './faults.ts'
import type { Reply } from './rest-server.ts'

export interface ControlContext {
  readonly token: string | null
  readonly faults: FaultSchedule
  fault(plan: unknown): Result<number, Failure>
  account(): unknown
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
const isLoopback = (address: string | undefined): boolean =>
  address !== undefined && (address === '::1' || address.startsWith('127.') || address.startsWith('::ffff:127.'))
const refused = (status: number, error: string): Reply => ({ status, body: { error } })

/** Serves a control request; undefined when the path is none of ours or control is off. */
export function handleControl(
  context: ControlContext,
  request: IncomingMessage,
  path: string,
  body: () => Promise<string | undefined>,
): Promise<Reply> | undefined {
  if (context.token === null || !path.startsWith('/control/')) return undefined
  return answer(context, context.token, request, path, body)
}

async function answer(
  context: ControlContext,
  token: string,
  request: IncomingMessage,
  path: string,
  body: () => Promise<string | undefined>,
): Promise<Reply> {
  const given = request.headers['x-control-token']
  const allowed =
    isLoopback(request.socket.remoteAddress) &&
    request.headers.origin === undefined &&
    typeof given === 'string' &&
    timingSafeEqual(digest(given), digest(token))
  if (!allowed) return refused(403, 'the control endpoint needs its token, from this machine')

  switch (`${request.method ?? ''} ${path}`) {
    case 'POST /control/faults': {
      const text = await body()
      let parsed: unknown
      try {
        parsed = JSON.parse(text ?? '')
      } catch {
        return refused(400, 'expected JSON')
      }
      const ids: number[] = []
      for (const plan of Array.isArray(parsed) ? (parsed as unknown[]) : [parsed]) {
        const added = context.fault(plan)
        if (!added.ok) return refused(400, added.error.message)
        ids.push(added.value)
      }
      return { status: 200, body: { ids } }
    }
    case 'GET /control/faults':
      return { status: 200, body: { armed: context.faults.list(), struck: Object.fromEntries(context.faults.struck) } }
    case 'DELETE /control/faults':
      context.faults.clear()
      return { status: 200, body: {} }
    case 'GET /control/account':
      return { status: 200, body: context.account() }
    default:
      return refused(404, 'no such control request')
  }
}
