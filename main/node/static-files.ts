/** The built renderer, listed once at start: a request can only name a file of that list, so no path can leave the folder. */
import { readdirSync, readFileSync } from 'node:fs'
import { extname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
}

export interface StaticFile {
  readonly type: string
  readonly body: Buffer
}

/** dist/renderer as seen from the sources and from the compiled host. */
export const rendererFolders = (from: string = import.meta.url): readonly string[] =>
  ['../../dist/renderer/', '../../renderer/'].map((path) => fileURLToPath(new URL(path, from)))

/** By URL path ("/", "/assets/x.js"); empty when no folder holds a built renderer. */
export function staticFiles(folders: readonly string[] = rendererFolders()): ReadonlyMap<string, StaticFile> {
  for (const folder of folders) {
    const files = new Map<string, StaticFile>()
    let names: string[]
    try {
      names = readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
    } catch {
      continue
    }
    for (const name of names) {
      const type = TYPES[extname(name)]
      if (type !== undefined) files.set(`/${relative(folder, name).split(sep).join('/')}`, { type, body: readFileSync(name) })
    }
    const index = files.get('/index.html')
    /* sources have an index.html too, but only a built one names its assets */
    if (index === undefined || !index.body.includes('assets/')) continue
    files.set('/', index)
    return files
  }
  return new Map()
}
