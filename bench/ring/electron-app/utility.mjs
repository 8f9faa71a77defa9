/** One end of one run in an Electron utility process. The ring's code is the product's, emitted to JavaScript beside this file. */
import { readFileSync } from 'node:fs'
import { nowNs } from './bench/ring/machine.js'
import { joinRing, receiveByRing, sendByRing } from './bench/ring/transports.js'
import { countBroken, writeProbe } from './engine/ring/crash/probe-ticks.js'
import { createProducer, ringBackend } from './engine/ring/index.js'

const { role, transport, batch, ticks, path } = JSON.parse(process.argv.at(-1))
const parent = process.parentPort
if (ringBackend() !== 'native') throw new Error('the native ring did not load here')
/** Where the operating system mapped the binary from: it must be app.asar.unpacked, not a temporary copy. */
const mapped = () =>
  readFileSync('/proc/self/maps', 'utf8')
    .split('\n')
    .find((line) => line.endsWith('.node'))
    ?.split(/\s+/)
    .at(-1) ?? 'not mapped'

async function timed(send) {
  const warm = 1 + Math.floor(ticks / 10 / batch) * batch
  await send(1, warm)
  const from = nowNs()
  await send(warm, ticks + 1)
  parent.postMessage({ from, timed: ticks + 1 - warm })
}

function sendByPort(port) {
  let credit = 16_384
  let wake = () => {}
  port.on('message', ({ data }) => {
    credit += data
    wake()
  })
  port.start()
  return async (from, to) => {
    for (let first = from; first < to; first += batch) {
      if (credit < batch) await new Promise((resolve) => (wake = resolve))
      credit -= batch
      const message = new Float64Array(batch * 8)
      for (let i = 0; i < batch; i++) {
        message[i * 8] = first + i
        writeProbe(message, i, first + i)
      }
      port.postMessage(message)
    }
  }
}

function receiveByPort(port, done) {
  let [received, broken, owed] = [0, 0, 0]
  port.on('message', ({ data }) => {
    const n = data.length / 8
    broken += countBroken(data, n, received + 1)
    received += n
    owed += n
    if (owed >= 4096 || received >= ticks) {
      port.postMessage(owed)
      owed = 0
    }
    if (received >= ticks) done({ received, broken, lost: 0 })
  })
  port.start()
}

let producer = null
if (role === 'sender' && transport === 'ring') {
  const made = createProducer(path, { lossless: true, batch })
  if (!made.ok) throw new Error(made.error.message)
  producer = made.value
}
parent.on('message', ({ ports }) => {
  const [port] = ports
  const finished = (result) => parent.postMessage({ ...result, at: nowNs(), binding: mapped() })
  if (role === 'sender') {
    void timed(transport === 'ring' ? (from, to) => sendByRing(producer, { from, to, batch }) : sendByPort(port))
  } else if (transport === 'ring') {
    const reader = joinRing(path)
    parent.postMessage('listening')
    // The word must leave before this process gives its thread to reading.
    setTimeout(() => {
      finished(receiveByRing(reader, { ticks, batch }))
    }, 20)
  } else {
    receiveByPort(port, finished)
    parent.postMessage('listening')
  }
})
parent.postMessage('ready')
