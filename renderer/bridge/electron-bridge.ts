/** The bridge that the preload exposes; the line lives as long as the window. */
import type { CockpitApi } from '../../engine/contract/cockpit.ts'
import type { Bridge } from './bridge.ts'

declare global {
  interface Window {
    readonly aegis?: CockpitApi
  }
}

export const electronBridge = (api: CockpitApi): Bridge => ({
  host: 'electron',
  call: (method, arg) => api.call(method, arg),
  subscribe: (topic, listener) => api.subscribe(topic, listener),
  onLink(listener) {
    listener({ kind: 'open' })
    return () => {}
  },
  reconnect() {},
})
