/** The bundled ccxt against the package's own file: what it signs must be the same to the last letter. */
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ccxtFile } from '../engine/venue/ccxt-exchange.ts'
import { bundleCcxt } from './bundle.ts'

interface Exchange {
  urls: { api: Record<string, string> }
  nonce(): number
  sign(path: string, api: string, method: string, params: object): unknown
  describe(): unknown
}
type Constructor = new (config: object) => Exchange
const isConstructor = (value: unknown): value is Constructor => typeof value === 'function'

async function load(url: string): Promise<Constructor> {
  const module: { readonly default?: unknown } = await import(/* @vite-ignore */ url)
  if (!isConstructor(module.default)) throw new Error(`${url} exports no class`)
  return module.default
}

const folder = mkdtempSync(join(tmpdir(), 'aegis-bundle-'))
const BASE = 'http://127.0.0.1:1'
const pem = { type: 'pkcs8', format: 'pem' } as const
const SECRETS = {
  hmac: 'a secret of letters',
  rsa: generateKeyPairSync('rsa', { modulusLength: 2_048 }).privateKey.export(pem).toString(),
  ed25519: generateKeyPairSync('ed25519').privateKey.export(pem).toString(),
}
let Own: Constructor
let Bundled: Constructor

beforeAll(async () => {
  const file = join(folder, 'ccxt.mjs')
  await bundleCcxt(file)
  Own = await load(ccxtFile('binanceusdm.js'))
  Bundled = await load(pathToFileURL(file).href)
})
afterAll(() => rmSync(folder, { recursive: true }))

function exchange(Class: Constructor, secret: string): Exchange {
  const one = new Class({ apiKey: 'key', secret, enableRateLimit: false, options: { recvWindow: 5_000 } })
  one.urls.api = {
    fapiPublic: `${BASE}/fapi/v1`,
    fapiPrivate: `${BASE}/fapi/v1`,
    fapiPrivateV3: `${BASE}/fapi/v3`,
    sapi: `${BASE}/sapi/v1`,
  }
  one.nonce = () => 1_780_000_000_000
  return one
}

it('is another class of the same exchange', () => {
  expect(Bundled).not.toBe(Own)
  const text = (Class: Constructor): string =>
    JSON.stringify(exchange(Class, SECRETS.hmac).describe(), (_key, value: unknown) => (typeof value === 'function' ? value.name : value))
  expect(text(Bundled)).toBe(text(Own))
})

it.each(Object.entries(SECRETS))('signs with %s as the package does', (kind, secret) => {
  const [bundled, own] = [exchange(Bundled, secret), exchange(Own, secret)]
  const order = { symbol: 'BTCUSDT', side: 'BUY', type: 'LIMIT', quantity: '0.010', price: '65432.5', newClientOrderId: 'a-1 ⓈÄ' }
  for (const [path, api, method, params] of [
    ['time', 'fapiPublic', 'GET', {}],
    ['order', 'fapiPrivate', 'POST', order],
    ['order', 'fapiPrivate', 'PUT', order],
    ['order', 'fapiPrivate', 'DELETE', { symbol: 'BTCUSDT', origClientOrderId: 'a-1' }],
    ['batchOrders', 'fapiPrivate', 'DELETE', { symbol: 'BTCUSDT', origClientOrderIdList: ['a', 'b'] }],
    ['account', 'fapiPrivateV3', 'GET', {}],
    ['listenKey', 'fapiPrivate', 'POST', {}],
    ['account/apiRestrictions', 'sapi', 'GET', {}],
  ] as const) {
    const signed = bundled.sign(path, api, method, params)
    expect(signed, `${kind} ${method} ${path}`).toEqual(own.sign(path, api, method, params))
    if (path === 'order') expect(JSON.stringify(signed)).toContain('signature=')
  }
})
