/**
 * The last step of the build: each engine process, and Electron's host, as one file that holds what it uses and nothing else. A module
 * costs memory by itself (source, records, links), and ccxt brings thirty exchanges' helpers: bundled, a process is 3 to 14 MB smaller
 * and up sooner.
 *
 * - From the compiled files, which stay: the command line, the threads and the audit of the module graph read those.
 * - `import.meta.url` keeps meaning the module it was written in, so that files are found where they lie.
 * - Our own names and lines stay readable: a stack trace from a user must tell where.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, type Plugin } from 'vite'

const root = fileURLToPath(new URL('../', import.meta.url))
const PROCESSES = ['simulator', 'feed', 'brain', 'reconciler']
/** Found by Node at run time: native code, what is optional, and the runtime itself. */
const EXTERNAL = ['electron', 'better-sqlite3', 'bufferutil', 'utf-8-validate']
/** In ccxt, but not on the way of how binanceusdm signs: its own transport, and what other exchanges sign and encode with. */
const NOT_USED = /^(ws|fflate|undici|protobufjs(\/.*)?)$|\/(static_dependencies|protobuf)\//

/** @param into the file the module ends up in */
const keepUrls = (into: string): Plugin => ({
  name: 'keep-urls',
  transform(code, id) {
    if (id.startsWith('\0') || !code.includes('import.meta.url')) return null
    const path = relative(dirname(into), id).split(sep).join('/')
    return { code: code.replaceAll('import.meta.url', `new URL(${JSON.stringify(path)}, import.meta.url).href`), map: null }
  },
})

const EMPTY = '\0empty'
const leaveOut: Plugin = {
  name: 'leave-out',
  enforce: 'pre',
  resolveId: (id) => (NOT_USED.test(id) ? EMPTY : null),
  load: (id) => (id === EMPTY ? { code: 'module.exports = {}', moduleType: 'js' } : null),
}

/** One letter beyond ASCII, and V8 keeps the whole text in two bytes a letter. All of them stand in strings. */
const ascii = (code: string): string => code.replace(/[\u0080-\uffff]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`)

async function bundle(from: string, into: string, plugins: Plugin[], minify = false): Promise<void> {
  await build({
    configFile: false,
    root,
    logLevel: 'error',
    plugins,
    ssr: { noExternal: true, external: EXTERNAL },
    build: {
      ssr: from,
      outDir: dirname(into),
      emptyOutDir: false,
      copyPublicDir: false,
      target: 'esnext',
      minify,
      reportCompressedSize: false,
      rolldownOptions: {
        output: { format: into.endsWith('.cjs') ? 'cjs' : 'esm', entryFileNames: basename(into), codeSplitting: false, keepNames: true },
      },
    },
  })
  writeFileSync(into, ascii(readFileSync(into, 'utf8')))
}

/** What engine/venue uses of ccxt, in one file. */
export async function bundleCcxt(into: string): Promise<void> {
  const source = join(dirname(dirname(createRequire(import.meta.url).resolve('ccxt'))), 'js', 'src', 'binanceusdm.js')
  await bundle(source, into, [leaveOut], true)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const dist = join(root, 'dist')
  const readable = (from: string, into: string): Promise<void> => bundle(join(dist, from), join(dist, into), [keepUrls(join(dist, into))])
  for (const name of PROCESSES) await readable(`engine/processes/${name}.js`, `engine/processes/bundled/${name}.js`)
  await readable('main/electron/host.js', 'main/electron/host.cjs')
  await bundleCcxt(join(dist, 'engine/venue/ccxt-binanceusdm.js'))
}
