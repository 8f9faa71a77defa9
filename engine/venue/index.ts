/**
 * The exchange adapter of one process: REST (public and signed), user stream, venue clock and this process's share of the one
 * rate budget. `createVenue` opens no connection; the first call does. ccxt is loaded only where there are credentials.
 */
import { InvariantError } from '../contract/result.ts'
import type { Clock, Monotonic } from '../contract/clock.ts'
import { allowedHosts } from './allowed-hosts.ts'
import { createRequestMaker, type RequestMaker } from './ccxt-exchange.ts'
import { createClock } from './clock.ts'
import { createHttpClient } from './http.ts'
import { createLaneGate } from './lane-gate.ts'
import { createListenKeys } from './listen-key.ts'
import { createPrivateVenue } from './private-venue.ts'
import { createPublicVenue } from './public-venue.ts'
import { RateBudget } from './rate-budget.ts'
import { createRest } from './rest.ts'
import { createUserStream } from './user-stream.ts'
import type { Venue, VenueOptions } from './venue.ts'

export { allowedHosts, type AllowedHosts } from './allowed-hosts.ts'
export { judgeKey } from './key-judgement.ts'
export type { Venue, VenueClock, VenueOptions } from './venue.ts'

const DEFAULT_TIMEOUT_MS = 5_000
const RECV_WINDOW_MS = 5_000
/** A venue that runs a hundred times faster than we do leaves 50 ms of the usual window: it gets the widest one allowed. */
const FAST = { rate: 100, recvWindowMs: 60_000 } as const
/** Local clocks drift, and a venue played faster than real time does not keep its pace exactly. */
const REMEASURE_MS = { real: 600_000, simulated: 10_000 } as const
const wallClock: Clock = { nowMs: () => Date.now() }
const monotonicClock: Monotonic = { nowMs: () => performance.now() }

/** Throws InvariantError when the endpoints are not those of a venue (settings were checked before). */
export function createVenue(options: VenueOptions): Venue {
  const hosts = allowedHosts(options.endpoints)
  if (!hosts.ok) throw new InvariantError(`Invariant: ${hosts.error.message}`)
  const { rest: base } = hosts.value
  const { rate } = options.endpoints
  const monotonic = options.monotonic ?? monotonicClock
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS
  const log = options.onLog ?? (() => {})

  const http = createHttpClient(hosts.value, () => monotonic.nowMs())
  const budget = new RateBudget({ random: options.random, rate, lockStep: options.lockStep ?? false })
  const clock = createClock({
    rate,
    lockStep: options.lockStep ?? false,
    wall: options.wallClock ?? wallClock,
    monotonic,
    serverTime: () => publicVenue.serverTime(),
  })
  const gate = createLaneGate(budget, () => rest.moment())
  const { credentials } = options
  let making: Promise<RequestMaker> | undefined
  const maker = (): Promise<RequestMaker> => {
    if (credentials === undefined) throw new InvariantError('Invariant: signed requests need credentials')
    making ??= createRequestMaker({
      rest: base,
      keyApi: hosts.value.keyApi,
      credentials,
      recvWindow: rate > FAST.rate ? FAST.recvWindowMs : RECV_WINDOW_MS,
      venueNowMs: () => clock.nowMs(),
      send: (call) => http.send({ ...call, timeoutMs }),
    })
    return making
  }
  const rest = createRest({
    rest: base,
    source: options.source,
    budget,
    gate,
    clock,
    http,
    monotonic,
    timeoutMs,
    maker,
    onBudget: options.onBudget ?? (() => {}),
  })
  const publicVenue = createPublicVenue({
    rest,
    budget,
    onSkipped: (count) => log({ level: 'warn', text: `exchangeInfo: ${count} listings could not be understood and are not tradable here` }),
  })
  const userStream =
    credentials === undefined
      ? undefined
      : createUserStream({
          hosts: hosts.value,
          keys: createListenKeys(rest),
          clock,
          rate,
          lockStep: options.lockStep ?? false,
          random: options.random,
          log,
        })

  const remeasure = setInterval(
    () => {
      if (rest.counters.requests > 0) void clock.sync()
    },
    rate === 1 ? REMEASURE_MS.real : REMEASURE_MS.simulated,
  )
  remeasure.unref()

  return {
    public: publicVenue,
    ...(credentials === undefined ? {} : { private: createPrivateVenue(rest, () => userStream?.listen() ?? (() => {})) }),
    ...(userStream === undefined ? {} : { userStream }),
    clock,
    metrics: () => ({
      usedWeight: budget.usedWeight(rest.moment()),
      weightLimit: budget.limit,
      orderCount10s: budget.orderCount10s,
      orderCount1m: budget.orderCount1m,
      bannedUntil: budget.bannedUntil,
      orderRttMs: rest.counters.orderRttMs,
      clockSkewMs: clock.skewMs,
      requests: rest.counters.requests,
      failures: rest.counters.failures,
    }),
    observeBudget(observation) {
      if (observation.source !== options.source && budget.observe(observation, rest.moment())) gate.changed()
    },
    async close() {
      clearInterval(remeasure)
      await userStream?.stop()
      gate.close()
      http.close()
    },
  }
}
