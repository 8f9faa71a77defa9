/**
 * The cockpit on loopback: static files over HTTP, the cockpit protocol over one WebSocket path. Order of the defences (style: B.5):
 *   1. exact Host, else 421: a rebound name never reaches routing
 *   2. own Origin, when one is sent (always on the WebSocket), else 403
 *   3. GET and HEAD only; GET changes nothing
 *   4. on the WebSocket: path, then token (32 random bytes, compared in constant time) as a subprotocol
 *   5. frames ≤ 64 KiB, connections ≤ 8, messages per second bounded, slow readers dropped
 * Binds 127.0.0.1 only. No cookies: they ignore ports.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createNetServer, type AddressInfo, type Server as NetServer } from 'node:net'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import { COCKPIT_PATH, COCKPIT_SUBPROTOCOL, TOKEN_FRAGMENT_KEY, TOKEN_SUBPROTOCOL_PREFIX } from '../../engine/contract/cockpit-wire.ts'
import type { CockpitApi } from '../../engine/contract/cockpit.ts'
import { webSocketPort } from '../../engine/contract/ports/web-socket.ts'
import { fail, ok, type Failure, type Result } from '../../engine/contract/result.ts'
import { serveCockpit, SERVE_LIMITS, type ServeLimits } from '../../engine/cockpit/serve.ts'
import { securityHeaders } from '../security-headers.ts'
import type { StaticFile } from './static-files.ts'

const MAX_FRAME_BYTES = 64 * 1024
const MAX_CONNECTIONS = 8
const MAX_BUFFERED_BYTES = 8 * 1024 * 1024

export interface LoopbackHostOptions {
  readonly api: CockpitApi
  readonly files: ReadonlyMap<string, StaticFile>
  /** 0 = any free port. */
  readonly port?: number
  readonly limits?: ServeLimits
  readonly maxBufferedBytes?: number
}

export interface LoopbackHost {
  readonly origin: string
  readonly token: string
  /** With the token in the fragment: in no request line, no Referer. */
  readonly url: string
  readonly connections: number
  close(): Promise<void>
}

const NOT_BUILT = 'The cockpit is not built: run "npm run build", then start again.\n'

type ListenFailure = Failure<'port-in-use' | 'listen'>

function listen(server: NetServer, port: number): Promise<Result<number, ListenFailure>> {
  return new Promise((resolve) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      resolve(
        error.code === 'EADDRINUSE'
          ? fail('port-in-use', `port ${port} on 127.0.0.1 is in use`)
          : fail('listen', `cannot listen on 127.0.0.1:${port} (${error.code ?? error.message})`),
      ),
    )
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => resolve(ok((server.address() as AddressInfo).port)))
  })
}

/** Whether a host could listen on `port` now; asked before anything is written. Failure 'port-in-use' or 'listen'. */
export async function checkPort(port: number): Promise<Result<null, ListenFailure>> {
  if (port === 0) return ok(null)
  const server = createNetServer()
  const listening = await listen(server, port)
  if (!listening.ok) return listening
  await new Promise((resolve) => server.close(resolve))
  return ok(null)
}

/** Failure 'port-in-use' or 'listen'. */
export async function startLoopbackHost(options: LoopbackHostOptions): Promise<Result<LoopbackHost, ListenFailure>> {
  const token = randomBytes(32).toString('base64url')
  const expected = Buffer.from(`${TOKEN_SUBPROTOCOL_PREFIX}${token}`)
  let authority = ''
  let origin = ''
  let headers: Record<string, string> = {}

  const foreign = (request: IncomingMessage): { status: number; text: string } | null => {
    if (request.headers.host !== authority) return { status: 421, text: 'Misdirected Request' }
    const from = request.headers.origin
    if (from !== undefined && from !== origin) return { status: 403, text: 'Forbidden' }
    const site = request.headers['sec-fetch-site']
    if (site !== undefined && site !== 'same-origin' && site !== 'none') return { status: 403, text: 'Forbidden' }
    return null
  }
  const answer = (request: IncomingMessage, response: ServerResponse, status: number, type: string, body: Buffer | string): void => {
    response.writeHead(status, { ...headers, 'Content-Type': type, 'Content-Length': Buffer.byteLength(body) })
    response.end(request.method === 'HEAD' ? undefined : body)
  }

  const server: Server = createServer(
    { maxHeaderSize: 16 * 1024, requestTimeout: 10_000, headersTimeout: 5_000, connectionsCheckingInterval: 1_000 },
    (request, response) => {
      const refused = foreign(request)
      if (refused !== null) return answer(request, response, refused.status, 'text/plain', `${refused.text}\n`)
      if (request.method !== 'GET' && request.method !== 'HEAD') return answer(request, response, 405, 'text/plain', 'Method Not Allowed\n')
      const path = (request.url ?? '/').split('?', 1)[0] ?? '/'
      const file = options.files.get(path)
      if (file !== undefined) return answer(request, response, 200, file.type, file.body)
      if (path === '/' && options.files.size === 0) return answer(request, response, 503, 'text/plain', NOT_BUILT)
      answer(request, response, 404, 'text/plain', 'Not Found\n')
    },
  )
  server.maxConnections = 64

  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_FRAME_BYTES,
    perMessageDeflate: false,
    handleProtocols: (offered) => (offered.has(COCKPIT_SUBPROTOCOL) ? COCKPIT_SUBPROTOCOL : false),
  })
  const refuse = (socket: Duplex, status: number, text: string): void => {
    socket.end(`HTTP/1.1 ${status} ${text}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
  }
  const offered = (request: IncomingMessage): string[] =>
    (request.headers['sec-websocket-protocol'] ?? '').split(',').map((one) => one.trim())
  const authorised = (protocols: readonly string[]): boolean =>
    protocols.some((one) => {
      const given = Buffer.from(one)
      return given.length === expected.length && timingSafeEqual(given, expected)
    })
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy())
    const refused = foreign(request)
    if (refused !== null) return refuse(socket, refused.status, refused.text)
    if (request.headers.origin !== origin) return refuse(socket, 403, 'Forbidden')
    if (request.url !== COCKPIT_PATH) return refuse(socket, 404, 'Not Found')
    const protocols = offered(request)
    if (!protocols.includes(COCKPIT_SUBPROTOCOL)) return refuse(socket, 400, 'Bad Request')
    if (!authorised(protocols)) return refuse(socket, 401, 'Unauthorized')
    if (sockets.clients.size >= MAX_CONNECTIONS) return refuse(socket, 503, 'Service Unavailable')
    sockets.handleUpgrade(request, socket, head, (accepted) => {
      const port = webSocketPort(accepted, { maxBufferedBytes: options.maxBufferedBytes ?? MAX_BUFFERED_BYTES })
      serveCockpit(port, options.api, options.limits ?? SERVE_LIMITS)
    })
  })

  const listening = await listen(server, options.port ?? 0)
  if (!listening.ok) return listening
  authority = `127.0.0.1:${listening.value}`
  origin = `http://${authority}`
  headers = securityHeaders({ connect: [`ws://${authority}`] })

  return ok({
    origin,
    token,
    url: `${origin}/#${TOKEN_FRAGMENT_KEY}=${token}`,
    get connections() {
      return sockets.clients.size
    },
    close: () =>
      new Promise((resolve) => {
        for (const client of sockets.clients) client.terminate()
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  })
}
