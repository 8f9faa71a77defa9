/** Electron with a hidden empty window and as many idle utility processes as the engine has: what Electron itself costs. */
const { app, BrowserWindow, utilityProcess } = require('electron')
const { join } = require('node:path')

const ENGINE_PROCESSES = 3

void app.whenReady().then(() => {
  void new BrowserWindow({ show: false }).loadURL('about:blank')
  const idle = Array.from({ length: ENGINE_PROCESSES }, () => utilityProcess.fork(join(__dirname, 'idle.cjs')))
  setTimeout(() => process.stdout.write(`${JSON.stringify([process.pid, ...idle.map((one) => one.pid)])}\n`), 3_000)
})
