/**
 * The embedded exchange: orders matched in process, signed REST orders over loopback beside a plain node:http server under the same
 * load (the limit), and a day of ten symbols at full speed. Server and load run in two processes; rounds are interleaved.
 */
import { fork, type ChildProcess } from 'node:child_process'
import { Agent, createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import type { DecimalText } from '../engine/contract/decimal-text.ts'
import { InvariantError } from '../engine/contract/result.ts'
import { createExchange } from '../engine/simulator/core.ts'
import { sign } from '../engine/simulator/protocol/signature.ts'
import { startSimulator } from '../engine/simulator/server.ts'
import { KNOWN_SYMBOLS, symbolSpec } from '../engine/simulator/symbols.ts'

const KEY = 'bench'
const SECRET = 'bench-secret'
const START = 1_700_000_000_000 - (1_700_000_000_000 % 86_400_000)
const CONNECTIONS = 16

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN
const specs = (count: number) => KNOWN_SYMBOLS.slice(0, count).flatMap((symbol) => symbolSpec(symbol) ?? [])

function exchangeOf(symbols: number) {
  const accounts = [{ key: KEY, secret: SECRET, balance: '100000000' as DecimalText }]
  return createExchange({ seed: 1, symbols: specs(symbols), accounts, startTime: START, preludeBars: 100 })
}

/** Orders that match at once, alternating sides; virtual time moves 10 ms every 10 orders, so that the book refills. */
function matchedPerSecond(orders: number): number {
  const exchange = exchangeOf(1)
  let filled = 0
  const began = performance.now()
  for (let i = 0; i < orders; i++) {
    const side = i % 2 === 0 ? 'BUY' : 'SELL'
    const outcome = exchange.request('POST /fapi/v1/order', KEY, { symbol: 'BTCUSDT', side, type: 'MARKET', quantity: '0.002' })
    if (outcome.ok) filled += 1
    if (i % 10 === 9) exchange.advanceTo(exchange.now + 10)
  }
  const seconds = (performance.now() - began) / 1_000
  if (exchange.account(KEY).fills < orders || filled !== orders)
    throw new InvariantError(`Invariant: only ${filled} of ${orders} orders matched`)
  return orders / seconds
}

/** A day of one-minute bars, every symbol's bar and trade stream produced. */
function day(symbols: number, hours: number): { seconds: number; bars: number; events: number; heapGrowthMb: number } {
  const list = specs(symbols)
  let bars = 0
  let events = 0
  const exchange = createExchange({
    seed: 1,
    symbols: list,
    accounts: [{ key: KEY, secret: SECRET, balance: '10000' as DecimalText }],
    startTime: START,
    sinks: {
      onMarket(event) {
        events += 1
        if ((event.data as { k?: { x: boolean } }).k?.x === true) bars += 1
      },
    },
  })
  for (const { symbol } of list) for (const stream of ['kline_1m', 'aggTrade']) exchange.subscribe(`${symbol.toLowerCase()}@${stream}`)
  const heap = process.memoryUsage().heapUsed
  const began = performance.now()
  for (let hour = 1; hour <= hours; hour++) exchange.advanceTo(START + hour * 3_600_000)
  return {
    seconds: (performance.now() - began) / 1_000,
    bars,
    events,
    heapGrowthMb: (process.memoryUsage().heapUsed - heap) / 1_048_576,
  }
}

/** The same requests for both servers: POST with a signed form body on kept-alive connections. */
async function postsPerSecond(port: number, count: number): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS })
  let sent = 0
  const post = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const i = sent++
      const side = i % 2 === 0 ? 'BUY' : 'SELL'
      const payload = `symbol=BTCUSDT&side=${side}&type=MARKET&quantity=0.002&newClientOrderId=b${process.pid}-${port}-${i}-${Math.random().toString(36).slice(2, 10)}&recvWindow=60000&timestamp=${Date.now()}`
      const body = `${payload}&signature=${sign(SECRET, payload)}`
      const call = request(
        {
          host: '127.0.0.1',
          port,
          agent,
          method: 'POST',
          path: '/fapi/v1/order',
          headers: { 'X-MBX-APIKEY': KEY, 'Content-Type': 'application/x-www-form-urlencoded', 'Content-Length': body.length },
        },
        (response) => {
          let text = ''
          response.setEncoding('utf8')
          response.on('data', (chunk: string) => {
            text += chunk
          })
          response.on('end', () => {
            if (response.statusCode === 200) resolve()
            else reject(new InvariantError(`Invariant: answered ${response.statusCode} ${text.slice(0, 120)}`))
          })
        },
      )
      call.on('error', reject)
      call.end(body)
    })
  const lane = async (): Promise<void> => {
    while (sent < count) await post()
  }
  const began = performance.now()
  await Promise.all(Array.from({ length: CONNECTIONS }, lane))
  agent.destroy()
  return count / ((performance.now() - began) / 1_000)
}

const ACK = JSON.stringify({ orderId: 1, symbol: 'BTCUSDT', status: 'FILLED', clientOrderId: 'x'.repeat(24), filler: 'y'.repeat(400) })

/** The other process: one of the two servers. Asked anything, it tells the CPU time it has used. */
async function serve(which: string): Promise<void> {
  process.on('message', () => {
    const { user, system } = process.cpuUsage()
    process.send?.(user + system)
  })
  if (which === 'plain') {
    const server = createServer((incoming, response) => {
      const chunks: Buffer[] = []
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
      incoming.on('end', () => {
        Buffer.concat(chunks)
        response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': ACK.length })
        response.end(ACK)
      })
    })
    server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))
    return
  }
  const unlimited = 1_000_000_000
  const started = await startSimulator({
    key: KEY,
    secret: SECRET,
    balance: '100000000' as DecimalText,
    preludeBars: 100,
    limits: { ordersPerMinute: unlimited, ordersPerTenSeconds: unlimited, weightPerMinute: unlimited },
  })
  if (!started.ok) throw new InvariantError(`Invariant: ${started.error.message}`)
  process.send?.(Number(new URL(started.value.rest).port))
}

function server(which: string): Promise<{ child: ChildProcess; port: number }> {
  const child = fork(fileURLToPath(import.meta.url), ['--serve', which], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  return new Promise((resolve, reject) => {
    child.once('message', (port) => resolve({ child, port: Number(port) }))
    child.once('exit', (code) => reject(new InvariantError(`Invariant: the ${which} server ended with ${code}`)))
  })
}

/** CPU time the server has used, µs: a figure that a busy machine does not blur as much as the rate. */
function cpuOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    child.once('message', (used) => resolve(Number(used)))
    child.send('cpu')
  })
}

export async function run(options: { quick?: boolean } = {}): Promise<object> {
  const rounds = options.quick === true ? 3 : 5
  const orders = options.quick === true ? 5_000 : 20_000
  const posts = options.quick === true ? 2_000 : 8_000
  matchedPerSecond(2_000)
  const matched = Array.from({ length: rounds }, () => matchedPerSecond(orders))

  const venue = await server('venue')
  const plain = await server('plain')
  const rest: number[] = []
  const limit: number[] = []
  let cpu = { venue: 0, plain: 0 }
  try {
    await postsPerSecond(venue.port, 500)
    await postsPerSecond(plain.port, 500)
    const before = { venue: await cpuOf(venue.child), plain: await cpuOf(plain.child) }
    for (let i = 0; i < rounds; i++) {
      rest.push(await postsPerSecond(venue.port, posts))
      limit.push(await postsPerSecond(plain.port, posts))
    }
    const requests = rounds * posts
    cpu = {
      venue: Math.round(((await cpuOf(venue.child)) - before.venue) / requests),
      plain: Math.round(((await cpuOf(plain.child)) - before.plain) / requests),
    }
  } finally {
    venue.child.kill('SIGKILL')
    plain.child.kill('SIGKILL')
  }
  const played = day(10, options.quick === true ? 2 : 24)
  const round = (value: number): number => Math.round(value * 100) / 100
  return {
    bench: 'simulator',
    rounds,
    matchedOrdersPerSecond: { median: Math.round(median(matched)), all: matched.map(Math.round), bar: 20_000 },
    signedRestOrdersPerSecond: { median: Math.round(median(rest)), all: rest.map(Math.round), bar: 2_000 },
    plainHttpPerSecond: { median: Math.round(median(limit)), all: limit.map(Math.round) },
    serverCpuMicrosecondsPerRequest: cpu,
    restToPlain: round(median(rest) / median(limit)),
    day: {
      symbols: 10,
      hours: options.quick === true ? 2 : 24,
      seconds: round(played.seconds),
      barSeconds: 60,
      bars: played.bars,
      events: played.events,
      heapGrowthMb: round(played.heapGrowthMb),
    },
    pass: median(matched) >= 20_000 && median(rest) >= 2_000 && (options.quick === true || played.seconds < 60),
  }
}

if (process.argv[2] === '--serve') await serve(process.argv[3] ?? '')
