/** Run by any Node or Electron: loads the one binary and passes 100,000 ticks through it, every word verified. argv: binary, ring path. */
'use strict'
const { createHash } = require('node:crypto')
const { readFileSync, rmSync } = require('node:fs')

const [binary, path] = process.argv.slice(2)
const addon = require(binary)
const meta = () => new Float64Array(8)
const [sent, got] = [new Float64Array(256 * 8), new Float64Array(256 * 8)]
const words = meta()
const producer = addon.openProducer(path, 1024, true, sent.buffer, words.buffer)
const publish = addon.publisher(producer)
const reader = addon.openReader(path, 0, true, 0, 0, false, 'load-check', got.buffer, meta().buffer)
let [published, received, broken] = [0, 0, 0]
while (received < 100_000) {
  for (let i = 0; i < 256; i++) for (let w = 1; w < 8; w++) sent[i * 8 + w] = (published + i + 1) * 8 + w
  words[4] = 0
  words[5] = 256
  publish()
  published += words[6]
  const n = addon.drain(reader)
  for (let i = 0; i < n; i++, received++)
    for (let w = 0; w < 8; w++) if (got[i * 8 + w] !== (w === 0 ? received + 1 : (received + 1) * 8 + w)) broken++
}
addon.close(producer)
addon.close(reader)
rmSync(path, { force: true })
rmSync(`${path}.r0`, { force: true })
const sha256 = createHash('sha256').update(readFileSync(binary)).digest('hex')
const { node, modules, napi, electron } = process.versions
process.stdout.write(JSON.stringify({ node, modules, napi, electron: electron ?? null, received, broken, sha256 }))
