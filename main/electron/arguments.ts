/** The words meant for us in Electron's command line. Before `--` stand Electron's own switches and the app's folder. */

/** Chromium and Electron switches that users and test drivers pass; ours never start like these. */
const FOREIGN =
  /^--?(no-sandbox|disable-|enable-|ozone-|force-|use-|remote-debugging-|inspect|headless|lang|password-store|proxy-|user-data-dir|allow-|js-flags|in-process-gpu|original-process-start-time|squirrel)/

/**
 * @param argv process.argv
 * @param packaged app.isPackaged: then there is no app folder among the words
 */
export function ownArguments(argv: readonly string[], packaged: boolean): readonly string[] {
  const separator = argv.indexOf('--')
  if (separator >= 0) return argv.slice(separator + 1)
  if (!packaged) return []
  return argv.slice(1).filter((word) => !FOREIGN.test(word))
}
