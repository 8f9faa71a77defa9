/**
 * ccxt's `binanceusdm` as the maker of requests: endpoint table, encoding, HMAC/RSA/Ed25519 signatures (audit C5.4). Our HTTP client
 * sends what it signed, once, and gives back status, headers and text.
 *
 * - Only this one file of ccxt is loaded: the package's index costs +105 MB and 340 ms, this costs +38 MB and 105 ms in each
 *   process that signs. ccxt's `exports` map does not list the file, so it is found beside the package's entry and imported by URL.
 *   The build puts what it uses into one file (main/bundle.ts): +14 MB.
 * - Its URL table is REPLACED, not merged: an API that is not listed (sapi, api …) throws instead of reaching another host.
 * - Its transport, rate limiter and retries are not used: its NetworkError cannot tell "never sent" from "sent, no answer", one
 *   budget is shared by all processes (rate-budget.ts), and an order is never blindly re-sent (INV-04). Its error classes differ
 *   between live and loopback (exchange.md §1.4), so ours decide (venue-errors.ts).
 */
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { dirname, join } from 'node:path'
import type { Credentials } from '../contract/processes.ts'
import { invariant } from '../contract/result.ts'
import type { HttpCall, HttpOutcome } from './http.ts'

export type ApiMethod = 'GET' | 'POST' | 'PUT' | 'DELETE'
export type ApiFamily = 'fapiPublic' | 'fapiPublicV2' | 'fapiPrivate' | 'fapiPrivateV2' | 'fapiPrivateV3' | 'sapi'
export type ApiParams = Readonly<Record<string, string | number | boolean | readonly unknown[]>>

export interface SignedRequest {
  readonly url: string
  readonly method: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** The part of ccxt's Exchange used here. */
interface CcxtExchange {
  urls: { api: Record<string, unknown> }
  apiKey: string
  secret: string
  options: Record<string, unknown>
  nonce(): number
  sign(path: string, api: string, method: string, params: Record<string, unknown>): SignedRequest
}
type CcxtConstructor = new (config: Record<string, unknown>) => CcxtExchange

export interface RequestMaker {
  /** Signs at this very moment with the venue clock, sends once, and gives the raw outcome. */
  call(path: string, api: ApiFamily, method: ApiMethod, params: ApiParams): Promise<HttpOutcome>
}

export interface CcxtOptions {
  readonly rest: string
  readonly credentials: Credentials
  readonly recvWindow: number
  /** Origin of the account API (key permissions), when the venue has one. */
  readonly keyApi: string | undefined
  readonly venueNowMs: () => number
  readonly send: (call: Omit<HttpCall, 'timeoutMs'>) => Promise<HttpOutcome>
}

const FAMILIES: Readonly<Record<Exclude<ApiFamily, 'sapi'>, string>> = {
  fapiPublic: '/fapi/v1',
  fapiPublicV2: '/fapi/v2',
  fapiPrivate: '/fapi/v1',
  fapiPrivateV2: '/fapi/v2',
  fapiPrivateV3: '/fapi/v3',
}

const isConstructor = (value: unknown): value is CcxtConstructor => typeof value === 'function'

/** URL of a source file of ccxt, such as `binanceusdm.js`. */
export function ccxtFile(name: string): string {
  /* the package's entry is dist/ccxt.cjs */
  const entry = createRequire(import.meta.url).resolve('ccxt')
  return pathToFileURL(join(dirname(dirname(entry)), 'js', 'src', name)).href
}

let loading: Promise<CcxtConstructor> | undefined
const load = (): Promise<CcxtConstructor> => {
  loading ??= (async () => {
    const bundled = new URL('./ccxt-binanceusdm.js', import.meta.url).href
    const module: { readonly default?: unknown } = await import(import.meta.url.endsWith('.ts') ? ccxtFile('binanceusdm.js') : bundled)
    invariant(isConstructor(module.default), "ccxt's binanceusdm.js exports the exchange class")
    return module.default
  })()
  return loading
}

/** Loads ccxt (once per process) and configures one exchange. */
export async function createRequestMaker(options: CcxtOptions): Promise<RequestMaker> {
  const Binance = await load()
  const exchange = new Binance({
    apiKey: options.credentials.key,
    secret: options.credentials.secret,
    enableRateLimit: false,
    options: { recvWindow: options.recvWindow, fetchCurrencies: false, fetchMargins: false, maxRetriesOnFailure: 0 },
  })
  exchange.urls.api = Object.fromEntries(Object.entries(FAMILIES).map(([family, path]) => [family, options.rest + path]))
  if (options.keyApi !== undefined) exchange.urls.api['sapi'] = `${options.keyApi}/sapi/v1`
  exchange.nonce = () => Math.round(options.venueNowMs())
  return {
    call(path, api, method, params) {
      const unsigned = (reason: 'forbidden-host' | 'unsigned', message: string): Promise<HttpOutcome> =>
        Promise.resolve({ ok: false, notSent: true, reason, message })
      if (!(api in exchange.urls.api)) return unsigned('forbidden-host', `this venue has no ${api} API`)
      let signed: SignedRequest
      try {
        signed = exchange.sign(path, api, method, { ...params })
      } catch (thrown) {
        return unsigned('unsigned', thrown instanceof Error ? thrown.message : 'the request could not be signed')
      }
      return options.send({ url: signed.url, method: signed.method, headers: signed.headers ?? {}, body: signed.body })
    },
  }
}
