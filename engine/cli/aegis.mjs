#!/usr/bin/env node
/**
 * The `aegis` command's first file. Imports nothing native, so that any Node can say clearly what it lacks: the engine needs
 * Node-API 10 (better-sqlite3 would crash an older one) and, from sources, type stripping. Where this Node has not, the one that
 * npm installed beside the project takes over.
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import * as nodeModule from 'node:module'
import { fileURLToPath } from 'node:url'

const compiled = new URL('./main.js', import.meta.url)
const source = new URL('./main.ts', import.meta.url)
const main = existsSync(compiled) ? compiled : source
const able = Number(process.versions.napi) >= 10 && (main === compiled || Boolean(process.features.typescript))

if (able) {
  /* beside the project's own dependencies: nobody who could not change the program can put code there */
  const modules = ['../../node_modules/', '../../../node_modules/']
    .map((path) => new URL(path, import.meta.url))
    .find((url) => existsSync(url))
  if (modules !== undefined) nodeModule.enableCompileCache?.(fileURLToPath(new URL('.cache/aegis', modules)))
  const { runAegis } = await import(main.href)
  await runAegis(process.argv.slice(2))
} else {
  const other = ['../../node_modules/.bin/node', '../../../node_modules/.bin/node']
    .map((path) => fileURLToPath(new URL(path, import.meta.url)))
    .find((path) => existsSync(path))
  if (other === undefined || process.env.AEGIS_SECOND_NODE === '1') {
    process.stderr.write(`aegis needs Node 24 (this is ${process.version}): install it, or run "npm ci" here, which brings its own\n`)
    process.exit(2)
  }
  const child = spawn(other, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: 'inherit',
    env: { ...process.env, AEGIS_SECOND_NODE: '1' },
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('error', (error) => {
    process.stderr.write(`aegis could not start ${other}: ${error.message}\n`)
    process.exit(2)
  })
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? (signal === 'SIGINT' ? 130 : 1)
  })
}
