{
  "target_defaults": {
    "sources": ["src/addon.c", "src/helper.c", "src/open.c", "src/transfer.c", "src/wait.c"],
    "defines": ["NAPI_VERSION=8", "NODE_API_NO_EXTERNAL_BUFFERS_ALLOWED", "_GNU_SOURCE"],
    "cflags": ["-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-fvisibility=hidden"],
    "ldflags": ["-Wl,-s"],
  },
  "targets": [
    { "target_name": "ring" },
    { "target_name": "ring_test", "defines": ["RING_TEST_HOOKS"] },
  ],
}
