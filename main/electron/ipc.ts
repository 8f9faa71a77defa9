/** The one way IPC comes in: main frame of our page, known channel, valid argument; anything else is refused before a handler runs. */
import { ipcMain, type WebContents } from 'electron'
import * as v from 'valibot'
import { ClientMessageSchema } from '../../engine/contract/cockpit-wire.ts'
import type { CockpitApi } from '../../engine/contract/cockpit.ts'
import { serveCockpit } from '../../engine/cockpit/serve.ts'
import { CHANNELS } from './channels.ts'
import { pagePort, type PagePort } from './page-port.ts'
import { isOurFrame } from './trust.ts'

const REFUSED = 'refused'

/** Registers a channel. The handler's errors reach the page as a plain refusal, without a stack. */
function handle<Schema extends v.GenericSchema>(
  channel: string,
  schema: Schema,
  handler: (arg: v.InferOutput<Schema>, sender: WebContents) => void,
): void {
  ipcMain.handle(channel, (event, arg: unknown) => {
    if (!isOurFrame(event.senderFrame)) throw new Error(REFUSED)
    const parsed = v.safeParse(schema, arg)
    if (!parsed.success) throw new Error(REFUSED)
    handler(parsed.output, event.sender)
    return null
  })
}

/** Serves the cockpit to our pages. A page says hello once per load and gets a fresh port; the old one closes. */
export function serveIpc(api: CockpitApi): void {
  const ports = new Map<number, PagePort>()
  const drop = (id: number): void => {
    ports.get(id)?.close()
    ports.delete(id)
  }
  handle(CHANNELS.hello, v.null(), (_arg, sender) => {
    const { id } = sender
    drop(id)
    const port = pagePort((message) => sender.send(CHANNELS.toPage, message))
    ports.set(id, port)
    sender.once('destroyed', () => drop(id))
    serveCockpit(port, api)
  })
  handle(CHANNELS.toHost, ClientMessageSchema, (message, sender) => {
    const port = ports.get(sender.id)
    if (port === undefined) throw new Error(REFUSED)
    port.deliver(message)
  })
  handle(CHANNELS.taken, v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1_024)), (count, sender) =>
    ports.get(sender.id)?.confirm(count),
  )
}
