/** Entry: the preload's bridge in Electron, else one WebSocket with the token from the fragment (read once, then removed). */
import { TOKEN_FRAGMENT_KEY } from '../engine/contract/cockpit-wire.ts'
import { electronBridge } from './bridge/electron-bridge.ts'
import { webSocketBridge } from './bridge/web-socket-bridge.ts'
import { startScreen } from './start.tsx'
import './styles/index.css'

function takeToken(): string | null {
  const token = new URLSearchParams(location.hash.slice(1)).get(TOKEN_FRAGMENT_KEY)
  history.replaceState(null, '', location.pathname)
  return token
}

function explain(): void {
  const root = document.getElementById('root')
  if (root === null) return
  const message = document.createElement('p')
  message.className = 'no-token'
  message.textContent =
    'This page needs the key at the end of the link that A.E.G.I.S. printed when it started. Open that link again; a reload forgets the key on purpose.'
  root.replaceChildren(message)
}

if (window.aegis !== undefined) startScreen(electronBridge(window.aegis))
else {
  const token = takeToken()
  if (token === null) explain()
  else startScreen(webSocketBridge(location.origin, token))
}
