/** Everything a page is refused, for every session and every web contents (style B.1). */
import { app, session, shell } from 'electron'
import { SCHEME } from './channels.ts'
import { isExternalAllowed, isOurUrl } from './trust.ts'

/** Call once the app is ready. */
export function hardenSession(): void {
  const own = session.defaultSession
  own.setPermissionRequestHandler((_contents, _permission, answer) => answer(false))
  own.setPermissionCheckHandler(() => false)
  own.setDevicePermissionHandler(() => false)
  // Nothing remote is ever loaded: a request to anywhere but our scheme ends here, whatever the page's policy says.
  own.webRequest.onBeforeRequest((details, answer) => {
    const inside = details.url.startsWith(`${SCHEME}://`) || details.url.startsWith('devtools://') || details.url.startsWith('blob:app://')
    answer({ cancel: !inside && !details.url.startsWith('data:image/') })
  })
}

/** Call before the first window. `warn` gets one line per refusal. */
export function hardenContents(warn: (line: string) => void): void {
  app.on('web-contents-created', (_event, contents) => {
    contents.on('will-attach-webview', (event) => event.preventDefault())
    contents.on('will-navigate', (event) => {
      if (isOurUrl(event.url)) return
      event.preventDefault()
      warn(`refused a navigation to ${event.url.slice(0, 100)}`)
    })
    contents.on('will-frame-navigate', (event) => {
      if (!isOurUrl(event.url)) event.preventDefault()
    })
    contents.on('will-redirect', (event) => {
      if (!isOurUrl(event.url)) event.preventDefault()
    })
    contents.setWindowOpenHandler(({ url }) => {
      if (isExternalAllowed(url)) void shell.openExternal(url)
      else warn(`refused to open ${url.slice(0, 100)}`)
      return { action: 'deny' }
    })
  })
}
