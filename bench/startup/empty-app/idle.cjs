/** Does nothing, forever. */
setInterval(() => {}, 1_000)
