/** A loopback venue that answers as a script says and keeps every request's raw text, so that a check can judge what was really sent. */
import { createHmac } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface SeenRequest {
  readonly method: string
  readonly path: string
  readonly query: string
  readonly body: string
  readonly key: string
}

export type Reply =
  | { readonly status: number; readonly body: string; readonly headers?: Readonly<Record<string, string>> }
  /** The socket is cut without an answer. */
  | 'reset'
  /** No answer at all. */
  | 'hang'

export interface ScriptedVenue {
  readonly rest: string
  readonly ws: string
  readonly seen: SeenRequest[]
  close(): Promise<void>
}

export const json = (status: number, value: unknown, headers?: Readonly<Record<string, string>>): Reply =>
  headers === undefined ? { status, body: JSON.stringify(value) } : { status, body: JSON.stringify(value), headers }

/** Recomputed with Node's own crypto: HMAC-SHA256 of query + body without the signature (exchange.md §3.1). */
export const signatureOf = (secret: string, payload: string): string => createHmac('sha256', secret).update(payload).digest('hex')

/** The signed text of a request and the signature it came with; undefined when it is not signed. */
export function signedPart(request: SeenRequest): { payload: string; signature: string } | undefined {
  const all = [request.query, request.body]
  const signature = all.map((part) => /(?:^|&)signature=([0-9a-f]+)$/.exec(part)?.[1]).find((s) => s !== undefined)
  if (signature === undefined) return undefined
  return { payload: all.map((part) => part.replace(/&?signature=[0-9a-f]+$/, '')).join(''), signature }
}

/** One parameter of a request, from query or body. */
export const parameter = (request: SeenRequest, name: string): string | null =>
  new URLSearchParams(request.query).get(name) ?? new URLSearchParams(request.body).get(name)

export async function startScriptedVenue(answer: (request: SeenRequest, index: number) => Reply): Promise<ScriptedVenue> {
  const seen: SeenRequest[] = []
  const handle = (message: IncomingMessage, response: ServerResponse): void => {
    const chunks: Buffer[] = []
    message.on('data', (chunk: Buffer) => chunks.push(chunk))
    message.on('end', () => {
      const [path = '', query = ''] = (message.url ?? '').split('?')
      const request: SeenRequest = {
        method: message.method ?? '',
        path: path.replace(/^\/+/, '/'),
        query,
        body: Buffer.concat(chunks).toString('utf8'),
        key: String(message.headers['x-mbx-apikey'] ?? ''),
      }
      seen.push(request)
      const reply = answer(request, seen.length - 1)
      if (reply === 'hang') return
      if (reply === 'reset') {
        message.socket.destroy()
        return
      }
      response.writeHead(reply.status, { 'content-type': 'application/json', ...reply.headers })
      response.end(reply.body)
    })
  }
  const server = createServer(handle)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    rest: `http://127.0.0.1:${port}`,
    ws: `ws://127.0.0.1:${port}`,
    seen,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}
