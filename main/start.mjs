/** First file of `npm start`: plain JavaScript, so that any Node can say in one line what it lacks. */
import process from 'node:process'

if (Number(process.versions.napi) >= 10 && process.features.typescript) {
  const { start } = await import('./start.ts')
  await start(process.argv.slice(2))
} else {
  process.stderr.write(`aegis needs Node 24 (this is ${process.version}): install it, or run "npm ci" here, which brings its own\n`)
  process.exit(2)
}
