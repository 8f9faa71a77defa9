/** What a page of ours may do; a test freezes it (style B.1: 2, 3, 4, 6, 8 to 12). */
export const WEB_PREFERENCES = Object.freeze({
  nodeIntegration: false,
  nodeIntegrationInWorker: false,
  nodeIntegrationInSubFrames: false,
  contextIsolation: true,
  sandbox: true,
  webSecurity: true,
  allowRunningInsecureContent: false,
  experimentalFeatures: false,
  webviewTag: false,
  navigateOnDragDrop: false,
  spellcheck: false,
  // A cockpit behind other windows must go on counting ages.
  backgroundThrottling: false,
} as const)
