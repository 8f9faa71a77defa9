/** Clients nobody foresaw, on the bare wire: every way to sign and send a request that the venue takes, and plain answers to the rest. */
import { request, type IncomingHttpHeaders } from 'node:http'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sign } from './protocol/signature.ts'
import { startSimulator, type Simulator } from './server.ts'

let simulator: Simulator
let authority: string
beforeAll(async () => {
  const started = await startSimulator({ seed: 41, preludeBars: 60 })
  if (!started.ok) throw new Error(started.error.message)
  simulator = started.value
  authority = new URL(simulator.rest).host
})
afterAll(() => simulator.close())

interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

function send(method: string, path: string, headers: Readonly<Record<string, string>> = {}, body = ''): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const length = body === '' || 'Transfer-Encoding' in headers ? {} : { 'Content-Length': String(Buffer.byteLength(body)) }
    const call = request(simulator.rest + path, { method, headers: { ...headers, ...length } }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => (text += chunk))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }))
    })
    call.on('error', reject)
    call.end(body)
  })
}

/** Everything the server says on one connection until it closes it or 400 ms have passed. */
function talk(text: string): Promise<string> {
  return new Promise((resolve) => {
    let heard = ''
    const [host = '', port = ''] = authority.split(':')
    const socket = connect(Number(port), host, () => socket.write(text))
    socket.on('data', (chunk) => (heard += chunk.toString()))
    socket.on('error', () => {})
    socket.on('close', () => resolve(heard))
    setTimeout(() => socket.destroy(), 400)
  })
}

const FORM = { 'Content-Type': 'application/x-www-form-urlencoded' }
const keyed = (more: Readonly<Record<string, string>> = {}): Record<string, string> => ({ 'X-MBX-APIKEY': simulator.key, ...more })
const time = (): string => `recvWindow=5000&timestamp=${simulator.serverTime()}`
const signature = (payload: string): string => `signature=${sign(simulator.secret, payload)}`
let orders = 0
/** A resting order in two halves, and its client id. */
function restingOrder(): { readonly first: string; readonly second: string; readonly id: string } {
  const id = `stranger-${(orders += 1)}`
  return {
    first: 'symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC',
    second: `quantity=0.01&price=63000&newClientOrderId=${id}&${time()}`,
    id,
  }
}
const accepted = ({ status, text }: Answer, id: string): void => {
  expect(text).toContain(`"clientOrderId":"${id}"`)
  expect(status).toBe(200)
}

describe('signed requests', () => {
  it('in the query, in the body, in both, with the signature on either side', async () => {
    const a = restingOrder()
    const whole = `${a.first}&${a.second}`
    accepted(await send('POST', `/fapi/v1/order?${whole}&${signature(whole)}`, keyed()), a.id)
    const b = restingOrder()
    const body = `${b.first}&${b.second}`
    accepted(await send('POST', '/fapi/v1/order', keyed(FORM), `${body}&${signature(body)}`), b.id)
    const c = restingOrder()
    accepted(await send('POST', `/fapi/v1/order?${c.first}`, keyed(FORM), `${c.second}&${signature(c.first + c.second)}`), c.id)
    const d = restingOrder()
    accepted(await send('POST', `/fapi/v1/order?${d.first}&${signature(d.first + d.second)}`, keyed(FORM), d.second), d.id)
  })

  it('the query wins over the body, and what was signed is the text as sent', async () => {
    const { first, second, id } = restingOrder()
    const both = `${first}&price=62000`
    const reply = await send('POST', `/fapi/v1/order?${both}`, keyed(FORM), `${second}&${signature(both + second)}`)
    accepted(reply, id)
    expect(reply.text).toContain('"price":"62000.00"')
    const odd = restingOrder()
    const encoded = `${odd.first.replace('BTCUSDT', '%42TC%55SDT')}&${odd.second}`
    accepted(await send('POST', '/fapi/v1/order', keyed(FORM), `${encoded}&${signature(encoded)}`), odd.id)
    const wrong = restingOrder()
    const plain = `${wrong.first}&${wrong.second}`
    const refused = await send('POST', '/fapi/v1/order', keyed(FORM), `${plain.replace('BTC', '%42TC')}&${signature(plain)}`)
    expect(refused).toMatchObject({ status: 400, text: '{"code":-1022,"msg":"Signature for this request is not valid."}' })
  })

  it('an upper-case signature, a signature in front, any case of the key header, a body with GET and DELETE', async () => {
    const list = `symbol=BTCUSDT&${time()}`
    const upper = `signature=${sign(simulator.secret, list).toUpperCase()}`
    expect((await send('GET', `/fapi/v1/openOrders?${list}&${upper}`, { 'x-mbx-ApiKey': simulator.key })).status).toBe(200)
    expect((await send('GET', `/fapi/v1/openOrders?${signature(list)}&${list}`, keyed())).status).toBe(200)
    expect((await send('GET', '/fapi/v1/openOrders', keyed(FORM), `${list}&${signature(list)}`)).status).toBe(200)
    expect((await send('DELETE', '/fapi/v1/allOpenOrders', keyed(FORM), `${list}&${signature(list)}`)).status).toBe(200)
    expect(simulator.account().openOrders).toBe(0)
  })

  it('a chunked body, one after "Expect: 100-continue", one without a content type', async () => {
    const a = restingOrder()
    const text = `${a.first}&${a.second}`
    accepted(await send('POST', '/fapi/v1/order', keyed({ 'Transfer-Encoding': 'chunked' }), `${text}&${signature(text)}`), a.id)
    const b = restingOrder()
    const body = `${b.first}&${b.second}&${signature(`${b.first}&${b.second}`)}`
    const head = `POST /fapi/v1/order HTTP/1.1\r\nHost: x\r\nX-MBX-APIKEY: ${simulator.key}\r\nExpect: 100-continue\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n`
    const heard = await talk(head + body)
    expect(heard).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK/)
    expect(heard).toContain(`"clientOrderId":"${b.id}"`)
  })

  it('JSON bodies are not parameters', async () => {
    const reply = await send('POST', '/fapi/v1/order', keyed({ 'Content-Type': 'application/json' }), '{"symbol":"BTCUSDT","timestamp":1}')
    expect(reply).toMatchObject({ status: 400 })
    expect(reply.text).toContain('-1102,"msg":"Mandatory parameter \'timestamp\'')
  })
})

describe('requests of any kind', () => {
  it('HEAD is GET without its body; OPTIONS tells the methods and invites no other origin; the rest is refused', async () => {
    const got = await send('GET', '/fapi/v1/exchangeInfo')
    const head = await send('HEAD', '/fapi/v1/exchangeInfo')
    expect(head).toMatchObject({ status: 200, text: '' })
    expect(head.headers['content-length']).toBe(got.headers['content-length'])
    const options = await send('OPTIONS', '/fapi/v1/order', { Origin: 'http://evil.example', 'Access-Control-Request-Method': 'POST' })
    expect(options).toMatchObject({ status: 204, text: '', headers: { allow: 'GET, HEAD, POST, PUT, DELETE, OPTIONS' } })
    for (const reply of [got, options]) expect(Object.keys(reply.headers).filter((name) => name.startsWith('access-control'))).toEqual([])
    for (const method of ['PATCH', 'TRACE', 'PROPFIND']) {
      expect(await send(method, '/fapi/v1/time')).toMatchObject({ status: 404, text: expect.stringContaining('"code":-5000') })
    }
  })

  it('answers plain JSON to who accepts compression, on kept-alive and pipelined connections, and to HTTP/1.0', async () => {
    const reply = await send('GET', '/fapi/v1/time', { 'Accept-Encoding': 'gzip, deflate, br', Accept: '*/*' })
    expect(reply.headers['content-encoding']).toBeUndefined()
    expect(reply.headers['content-type']).toBe('application/json')
    expect(Number(reply.headers['content-length'])).toBe(reply.text.length)
    const ask = 'GET /fapi/v1/ping HTTP/1.1\r\nHost: x\r\n\r\n'
    expect((await talk(ask.repeat(5))).match(/HTTP\/1\.1 200 OK/g)).toHaveLength(5)
    expect(await talk('GET /fapi/v1/ping HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1\.1 200 OK[^]*\{\}$/)
  })

  it('finds paths written carelessly', async () => {
    for (const path of ['/fapi/v1/time/', '//fapi/v1/time', '/fapi//v1/time?', '/fapi/v1/time?x', '/fapi/v1/time?&&=&']) {
      expect((await send('GET', path)).status, path).toBe(200)
    }
  })
})
