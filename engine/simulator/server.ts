/**
 * The embedded exchange as a server: REST and WebSocket on one loopback port, virtual time played by playback.ts.
 * For tests and audits in process, for engine/processes/simulator.ts as a process, for `aegis simulator` as a program.
 *
 * Time. Server time is the exchange's virtual time. `timebase: 'wall'` starts it at the wall clock's now; with speed 1 it then equals
 * the wall clock and any client works unsynchronised. With another speed, or `timebase: 'tape'`, a client must follow server time
 * (GET /fapi/v1/time). Tolerances that a client spends in real time are stretched by max(1, speed): the two sides of the recvWindow
 * rule and the listen key's 60 minutes; so a client that counts real minutes between keep-alives is in time, and so is one that
 * counts virtual ones. Rate windows are virtual minutes.
 */
import { createHash } from 'node:crypto'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { DecimalText } from '../contract/decimal-text.ts'
import { fail, InvariantError, ok, type Failure, type Result } from '../contract/result.ts'
import { createExchange } from './core.ts'
import type { AccountSpec, ExchangeConfig, Route } from './exchange.ts'
import type { Simulator, SimulatorOptions } from './server-types.ts'
import { symbolSpec, type SymbolSpec } from './symbols.ts'
import { Accounts, FULL_PERMISSIONS, type KeySpec } from './protocol/accounts.ts'
import { handleControl } from './protocol/control.ts'
import { performAction, type ActionParts } from './protocol/fault-actions.ts'
import { FaultSchedule, parseFaultPlan } from './protocol/faults.ts'
import { Limits, VENUE_LIMITS, type LimitSettings } from './protocol/limits.ts'
import { LISTEN_KEY_TTL_MS, ListenKeys } from './protocol/listen-keys.ts'
import { preparePaper, runPaper, type PaperStart } from './protocol/paper.ts'
import { Playback } from './protocol/playback.ts'
import { createRestServer } from './protocol/rest-server.ts'
import { StreamSockets, VENUE_SOCKETS } from './protocol/stream-sockets.ts'
import { WsApi } from './protocol/ws-api.ts'

export type { Simulator, SimulatorCounts, SimulatorOptions } from './server-types.ts'

/** Up to this speed a wall-clock tape moves once a virtual second, else once in five. */
const LIVE_LIKE_SPEED = 5

const hex = (text: string): string => createHash('sha256').update(text).digest('hex')

/** A small deterministic sequence for listen keys: ids of a session, not secrets of the real world. */
function sequence(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** Starts the exchange and its server. Fails with 'unknown-symbol' or 'listen' (port in use …). */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Result<Simulator, Failure>> {
  const seed = options.seed ?? 1
  const speed = options.upstream === undefined ? (options.speed ?? 1) : 1
  const lockStep = options.lockStep ?? false
  const timebase = options.timebase ?? 'wall'
  const timeScale = Math.max(1, speed)
  const symbols = options.symbols ?? ['BTCUSDT']
  const specs: SymbolSpec[] = []
  let paperStart: PaperStart | undefined
  if (options.upstream === undefined) {
    for (const symbol of symbols) {
      const spec = symbolSpec(symbol)
      if (spec === undefined) return fail('unknown-symbol', `the simulator has no contract data for ${symbol}`)
      specs.push(spec)
    }
  } else {
    const prepared = await preparePaper(options.upstream, symbols)
    if (!prepared.ok) return prepared
    paperStart = prepared.value
    specs.push(...paperStart.specs)
  }

  const key = options.key ?? hex(`key ${seed}`)
  const secret = options.secret ?? hex(`secret ${seed}`)
  const keys: KeySpec[] = [{ key, secret, permissions: { ...FULL_PERMISSIONS, ...options.permissions } }]
  for (const more of options.moreKeys ?? []) keys.push({ ...more, permissions: { ...FULL_PERMISSIONS, ...more.permissions } })
  const account: AccountSpec = {
    key,
    secret,
    balance: options.balance ?? ('10000' as DecimalText),
    hedge: options.hedge ?? false,
    aliases: keys.slice(1).map((other) => other.key),
  }
  const accounts = new Accounts([{ account, keys }])

  const zero = { min: 0, max: 0 }
  const latency = lockStep ? { orderIn: zero, ack: zero, eventOut: zero } : options.latency
  const stepsPerMinute = options.stepsPerMinute ?? (timebase === 'wall' && speed <= LIVE_LIKE_SPEED && !lockStep ? 60 : 12)
  const wallStart = Date.now()
  const startTime = paperStart?.time ?? options.startTime ?? (timebase === 'wall' ? wallStart : undefined)
  const tapes = paperStart === undefined ? options.tapes : liveTapes(paperStart)
  const exchange = createExchange({
    seed,
    symbols: specs,
    accounts: [account],
    ...(tapes === undefined ? {} : { tapes }),
    ...(startTime === undefined ? {} : { startTime }),
    stepsPerMinute,
    ...(options.preludeBars === undefined ? {} : { preludeBars: options.preludeBars }),
    ...(latency === undefined ? {} : { latency }),
    ...(options.legacyAcks === undefined ? {} : { legacyAcks: options.legacyAcks }),
    ...(options.firstOrderId === undefined ? {} : { firstOrderId: options.firstOrderId }),
    sinks: {
      onMarket: (event) => sockets.market(event),
      onUser: (event) => sockets.user(event),
      /* an account with a listen key may connect before an event of this moment is due */
      hearsUser: (account) => listenKeys.activeKey(account, exchange.now) !== undefined,
    },
  })

  /* the tape's grid is whole minutes; play starts inside its first one */
  if (startTime !== undefined && startTime > exchange.now) exchange.advanceTo(startTime)
  const origin = exchange.now

  const limits = new Limits({ ...VENUE_LIMITS, ...options.limits })
  const listenKeys = new ListenKeys(options.listenKeyTtlMs ?? LISTEN_KEY_TTL_MS * timeScale, sequence(seed))
  const monotonic = (): number => performance.now()
  const elapsed = (): number => exchange.now - origin
  let clockOffset = 0
  let requests = 0

  const faults = new FaultSchedule((effect) => performAction(parts, effect))
  const socketSettings = { ...VENUE_SOCKETS, ...options.sockets }
  const sockets = new StreamSockets({
    settings: socketSettings,
    listenKeys,
    faults,
    now: () => exchange.now,
    elapsed,
    monotonic,
    startStream: (name) => (paper === undefined ? void exchange.subscribe(name) : paper.startStream(name)),
    stopStream: (name) => (paper === undefined ? exchange.unsubscribe(name) : paper.stopStream(name)),
    after: (ms, callback) => void exchange.after(ms, callback),
    isBanned: (ip) => limits.isBanned(ip, exchange.now),
    cutNoisy: (ip) => limits.cutNoisy(ip, exchange.now),
  })
  const paper =
    paperStart === undefined
      ? undefined
      : runPaper(paperStart, exchange, {
          send: (stream, data, text) => sockets.market({ stream, time: exchange.now, data }, text),
          monotonic,
          log: (text) => options.onLog?.(text),
        })
  const serverTime = (): number => exchange.now + clockOffset

  const parts: ActionParts = {
    exchange,
    accounts,
    sockets,
    listenKeys,
    key,
    shiftClock: (ms) => {
      clockOffset += ms
      limits.shiftClock(ms)
    },
  }

  const amend = (route: Route, caller: string | null, body: unknown): unknown => {
    if (typeof body !== 'object' || body === null) return body
    if (clockOffset !== 0 && 'serverTime' in body) body = { ...body, serverTime: serverTime() }
    if (route === 'GET /fapi/v1/exchangeInfo' && options.limits !== undefined)
      body = { ...(body as object), rateLimits: rateLimits(limits.settings) }
    if (caller !== null && typeof body === 'object' && body !== null && 'canTrade' in body) {
      const permissions = accounts.permissionsOf(caller)
      if (permissions !== undefined) {
        body = { ...body, canTrade: permissions.trade, ...('canWithdraw' in body ? { canWithdraw: permissions.withdraw } : {}) }
      }
    }
    return body
  }

  const playback = new Playback(
    exchange,
    {
      speed,
      lockStep,
      horizonMs: options.horizonMs ?? null,
      runOn: timebase === 'wall' && !lockStep,
      stepMs: Math.floor(60_000 / stepsPerMinute),
      wallAnchor:
        paperStart?.wall ?? (timebase === 'wall' && speed === 1 && options.startTime === undefined && !lockStep ? wallStart : null),
    },
    {
      monotonic,
      wall: Date.now,
      advanced: () => {
        sockets.listenKeysExpired(listenKeys.takeExpired(exchange.now))
        faults.onTime(elapsed())
      },
      nextDeadline: () => {
        const due = faults.nextDue()
        return due === null ? null : origin + due
      },
      counts: () => ({ publicFrames: sockets.counts.publicFrames, userFrames: sockets.counts.userFrames, requests }),
      barrier: (barrier) => options.onBarrier?.(barrier),
      ended: (time) => options.onEnded?.({ time }),
      progress: (progress) => options.onProgress?.(progress),
    },
  )

  const fault = (plan: unknown): Result<number, Failure> => {
    const parsed = parseFaultPlan(plan)
    if (!parsed.ok) return parsed
    const added = faults.add(parsed.value)
    if (added.ok) faults.onTime(elapsed())
    return added
  }
  const token = options.controlToken ?? null
  const gateway = {
    exchange,
    accounts,
    limits,
    listenKeys,
    timeScale,
    serverTime,
    amend,
    sync: () => playback.sync(),
    faults,
    elapsed,
    timeMoves: () => lockStep || playback.playing,
    relay: (route: Route, query: string) => paper?.relay(route, query),
    completed: () => {
      requests += 1
    },
  }
  const server = createRestServer({
    ...gateway,
    retryAfter: options.retryAfter ?? false,
    requestTimeoutMs: options.requestTimeoutMs ?? 20_000,
    control: (request, path, body) => handleControl({ token, faults, fault, account: () => exchange.account(key) }, request, path, body),
  })
  const wsApi = new WsApi({ ...gateway, age: socketSettings, monotonic })
  server.on('upgrade', (request, socket, head) => {
    if (!wsApi.upgrade(request, socket, head)) sockets.upgrade(request, socket, head)
  })
  const listening = await listen(server, options.port ?? 0)
  if (!listening.ok) {
    paper?.close()
    sockets.shutdown()
    return listening
  }
  if (options.autoplay ?? true) playback.play()

  const authority = `127.0.0.1:${listening.value}`
  return ok({
    rest: `http://${authority}`,
    ws: `ws://${authority}`,
    key,
    secret,
    startTime: origin,
    exchange,
    get counts() {
      return { ...sockets.counts, requests }
    },
    get ended() {
      return playback.ended
    },
    serverTime: () => {
      playback.sync()
      return serverTime()
    },
    account: () => exchange.account(key),
    play: () => playback.play(),
    pause: () => playback.pause(),
    proceed: (step) => playback.proceed(step),
    fault,
    clearFaults: () => faults.clear(),
    struck: faults.struck,
    close: () => {
      playback.close()
      paper?.close()
      sockets.shutdown()
      wsApi.shutdown()
      return new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
    },
  })
}

const liveTapes = (start: PaperStart): NonNullable<ExchangeConfig['tapes']> =>
  Object.fromEntries(start.specs.map(({ symbol, referencePrice }) => [symbol, { kind: 'live', startPrice: referencePrice }]))

const rateLimits = (settings: LimitSettings): readonly unknown[] => [
  { rateLimitType: 'REQUEST_WEIGHT', interval: 'MINUTE', intervalNum: 1, limit: settings.weightPerMinute },
  { rateLimitType: 'ORDERS', interval: 'MINUTE', intervalNum: 1, limit: settings.ordersPerMinute },
  { rateLimitType: 'ORDERS', interval: 'SECOND', intervalNum: 10, limit: settings.ordersPerTenSeconds },
]

function listen(server: Server, port: number): Promise<Result<number, Failure<'listen'>>> {
  return new Promise((resolve) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why = error.code === 'EADDRINUSE' ? `port ${port} is in use` : error.message
      resolve(fail('listen', `cannot listen on 127.0.0.1:${port}: ${why}`))
    })
    server.listen(port, '127.0.0.1', () => {
      server.removeAllListeners('error')
      server.on('error', () => {})
      const address = server.address()
      if (address === null || typeof address === 'string') throw new InvariantError('Invariant: a TCP server has a port')
      resolve(ok((address satisfies AddressInfo).port))
    })
  })
}
