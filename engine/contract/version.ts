/** Version of every message that crosses a process border. A peer with another version is refused, never guessed at. */
export const CONTRACT_VERSION = 1
