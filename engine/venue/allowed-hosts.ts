/**
 * Which hosts may ever be contacted. One list per venue, made from the configured endpoints; HTTP and WebSocket connections
 * are opened only through it, so a mistyped path, a redirect or a library default cannot leak a key elsewhere (INV-12).
 */
import { LOOPBACK_HOSTS, REAL_HOSTS } from '../contract/hosts.ts'
import type { VenueEndpoints } from '../contract/processes.ts'
import { fail, ok, type Failure, type Result } from '../contract/result.ts'

/** The one request that leaves the futures hosts: what the key may do (withdraw, transfer) is told only by the account API. */
const KEY_API = { futuresHost: 'fapi.binance.com', origin: 'https://api.binance.com', path: '/sapi/v1/account/apiRestrictions' } as const

export interface AllowedHosts {
  readonly rest: string
  readonly ws: string
  /** Origin of the account API, where the venue has one. */
  readonly keyApi: string | undefined
  /** The URL when it may be contacted, else 'forbidden-host'. */
  check(url: string): Result<URL, Failure<'forbidden-host'>>
}

/**
 * A real venue: https and wss to Binance's hosts, no port, no credentials in the URL. Anything else (the simulator, a test's
 * "real venue"): loopback only.
 */
export function allowedHosts(endpoints: VenueEndpoints): Result<AllowedHosts, Failure<'forbidden-host'>> {
  const origins = new Set<string>()
  for (const [text, schemes] of [
    [endpoints.rest, ['https:', 'http:']],
    [endpoints.ws, ['wss:', 'ws:']],
  ] as const) {
    if (!URL.canParse(text)) return fail('forbidden-host', `not a URL: ${text}`)
    const url = new URL(text)
    const [secure, plain] = schemes
    const scheme = url.protocol === secure || (!endpoints.real && url.protocol === plain)
    const host = endpoints.real ? REAL_HOSTS.has(url.host) : LOOPBACK_HOSTS.has(url.hostname)
    if (!scheme || !host || url.username !== '' || url.password !== '') {
      const wanted = endpoints.real ? `${secure}// at a Binance futures host` : 'a loopback address'
      return fail('forbidden-host', `${url.protocol}//${url.host} is not ${wanted}`)
    }
    origins.add(`${url.protocol}//${url.host}`)
  }
  const hasKeyApi = endpoints.real && new URL(endpoints.rest).host === KEY_API.futuresHost
  const trim = (text: string): string => text.replace(/\/+$/, '')
  return ok({
    rest: trim(endpoints.rest),
    ws: trim(endpoints.ws),
    keyApi: hasKeyApi ? KEY_API.origin : endpoints.real ? undefined : trim(endpoints.rest),
    check(text) {
      if (!URL.canParse(text)) return fail('forbidden-host', 'not a URL')
      const url = new URL(text)
      const isKeyCheck = hasKeyApi && url.origin === KEY_API.origin && url.pathname === KEY_API.path
      const allowed = (isKeyCheck || origins.has(`${url.protocol}//${url.host}`)) && url.username === '' && url.password === ''
      return allowed ? ok(url) : fail('forbidden-host', `${url.protocol}//${url.host} is not one of this venue's hosts`)
    },
  })
}
