/**
 * The Electron half of bar 14: starts two utility processes per run, from inside app.asar, and relays their figure.
 * argv: JSON { rounds, runs: [{ transport, batch, ticks }], folder }. Prints one line, `RESULT <json>`.
 */
'use strict'
const { app, MessageChannelMain, utilityProcess } = require('electron')
const { spawnSync } = require('node:child_process')
const { rmSync } = require('node:fs')
const { join } = require('node:path')

const plan = JSON.parse(process.argv.at(-1))
app.disableHardwareAcceleration()

function start(cpu, job) {
  const child = utilityProcess.fork(join(__dirname, 'utility.mjs'), [JSON.stringify(job)], { stdio: 'inherit' })
  const waiting = []
  const arrived = []
  child.on('message', (message) => (waiting.length > 0 ? waiting.shift()(message) : arrived.push(message)))
  child.on('exit', (code) => {
    if (code !== 0) for (const resolve of waiting) resolve({ error: `a utility process ended with ${code}` })
  })
  child.once('spawn', () => spawnSync('taskset', ['-acp', String(cpu), String(child.pid)], { stdio: 'ignore' }))
  const next = () => (arrived.length > 0 ? Promise.resolve(arrived.shift()) : new Promise((resolve) => waiting.push(resolve)))
  return { child, next }
}

async function measure(run, at) {
  const job = { ...run, path: `${plan.folder}/aegis-electron-bench-${process.pid}-${at}` }
  const sender = start(0, { ...job, role: 'sender' })
  await sender.next()
  const receiver = start(1, { ...job, role: 'receiver' })
  await receiver.next()
  const { port1, port2 } = new MessageChannelMain()
  receiver.child.postMessage('go', [port2])
  await receiver.next()
  sender.child.postMessage('go', [port1])
  const timing = await sender.next()
  const done = await receiver.next()
  for (const { child } of [sender, receiver]) child.kill()
  for (const file of [job.path, `${job.path}.r0`]) rmSync(file, { force: true })
  if (timing.error || done.error) throw new Error(timing.error ?? done.error)
  if (done.received !== run.ticks || done.broken !== 0 || done.lost !== 0)
    throw new Error(`received ${JSON.stringify(done)} of ${run.ticks}`)
  return { ...run, perSecond: timing.timed / ((done.at - timing.from) / 1e9), binding: done.binding }
}

async function all() {
  const rows = []
  for (let round = 0; round < plan.rounds; round++) for (const run of plan.runs) rows.push({ round, ...(await measure(run, rows.length)) })
  return rows
}

app
  .whenReady()
  .then(all)
  .then(
    (rows) => {
      process.stdout.write(`RESULT ${JSON.stringify({ electron: process.versions.electron, rows })}\n`, () => app.exit(0))
    },
    (error) => {
      process.stderr.write(`${error.stack}\n`, () => app.exit(1))
    },
  )
