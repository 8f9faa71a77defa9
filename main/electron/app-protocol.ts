/**
 * app://cockpit/… from the built renderer. Files are listed once at start, so a request can only name one of them: no path can leave
 * the folder, whatever its dots and escapes. Every answer carries the same headers as the loopback host's.
 */
import { protocol } from 'electron'
import type { StaticFile } from '../node/static-files.ts'
import { securityHeaders } from '../security-headers.ts'
import { SCHEME } from './channels.ts'
import { isOurUrl } from './trust.ts'

export function serveScheme(files: ReadonlyMap<string, StaticFile>): void {
  const headers = securityHeaders()
  protocol.handle(SCHEME, (request) => {
    if (request.method !== 'GET' || !isOurUrl(request.url)) return new Response('Forbidden', { status: 403, headers })
    const file = files.get(new URL(request.url).pathname)
    if (file === undefined) return new Response('Not Found', { status: 404, headers })
    return new Response(new Uint8Array(file.body), { headers: { ...headers, 'Content-Type': file.type } })
  })
}
