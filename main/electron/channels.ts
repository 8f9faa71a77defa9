/** IPC channels; the preload repeats them because it may import nothing. */
export const CHANNELS = { hello: 'aegis:hello', toHost: 'aegis:to-host', toPage: 'aegis:to-page', taken: 'aegis:taken' } as const

/** The page's one origin. */
export const SCHEME = 'app'
export const HOST = 'cockpit'
export const PAGE_URL = `${SCHEME}://${HOST}/`
