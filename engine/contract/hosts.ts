/** The hosts that may ever be contacted (INV-12): Binance's USDⓈ-M futures, and this machine. */

/** The only hosts a real venue may have. */
export const REAL_HOSTS: ReadonlySet<string> = new Set([
  'fapi.binance.com',
  'fstream.binance.com',
  'demo-fapi.binance.com',
  'fstream.binancefuture.com',
])
export const LOOPBACK_HOSTS: ReadonlySet<string> = new Set(['127.0.0.1', 'localhost', '[::1]'])

/** An address of a real venue (TLS, no port, no credentials) or of this machine. */
export function isVenueAddress(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, host, hostname, username, password } = new URL(text)
  if (username !== '' || password !== '') return false
  return LOOPBACK_HOSTS.has(hostname) || ((protocol === 'https:' || protocol === 'wss:') && REAL_HOSTS.has(host))
}
