/**
 * The line on which `aegis reconcile` reaches a host that shows no browser cockpit: the loopback host's defences and token, no
 * files, and one call. Whoever holds the token may ask for a comparison and nothing else.
 */
import type { CockpitApi } from '../../engine/contract/cockpit.ts'
import { fail } from '../../engine/contract/result.ts'
import { announceHost } from './host-file.ts'
import { startLoopbackHost } from './loopback-host.ts'

const onlyReconcile = (api: CockpitApi): CockpitApi => ({
  call: (method, arg) =>
    method === 'reconcile' ? api.call(method, arg) : Promise.resolve(fail('refused', `${method} is not served on this line`)),
  subscribe: () => () => {},
})

/** Opens it and announces it; returns the function that ends both. A line that cannot be opened is said once and costs only itself. */
export async function openReconcileLine(api: CockpitApi, dataDir: string, warn: (line: string) => void): Promise<() => void> {
  const host = await startLoopbackHost({ api: onlyReconcile(api), files: new Map() })
  if (!host.ok) {
    warn(`${host.error.message}; "aegis reconcile" will not find this engine`)
    return () => {}
  }
  const takeBack = announceHost(dataDir, host.value, warn)
  return () => {
    takeBack()
    void host.value.close()
  }
}
