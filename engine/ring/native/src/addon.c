/*
 * Node-API face of the ring. Data is copied into an ArrayBuffer that JavaScript owns (Electron refuses external buffers); a strong
 * reference keeps it alive and the TypeScript wrapper checks on every call that it was not detached. Counts return as small integers,
 * everything wider through the `meta` doubles, so no call allocates.
 */
#include "helper.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { META_LOST_NOW, META_LOST, META_FIRST, META_POSITION, META_FROM, META_COUNT, META_TAKEN, META_PUBLISHED, META_WORDS };
enum { STATS_HEAD = 10, STATS_READER = 8, STATS_WORDS = STATS_HEAD + STATS_READER * RING_MAX_READERS };

typedef struct {
  ring r;
  helper helper;
  bool open, producer;
  /* The external and every publishing function. */
  uint32_t uses;
  uint64_t *view;
  uint32_t slots;
  double *meta;
  napi_ref view_ref, meta_ref;
  napi_env env;
} handle;

static const char *const CODES[] = {
    "OK",           "ERR_RING_NOT_FOUND", "ERR_RING_NOT_READY", "ERR_RING_FOREIGN", "ERR_RING_MISMATCH", "ERR_RING_CAPACITY",
    "ERR_RING_BUSY", "ERR_RING_SPACE",    "ERR_RING_IO",
};

static napi_value throw_code(napi_env env, const char *code, const char *text) {
  napi_throw_error(env, code, text);
  return NULL;
}

static napi_value throw_status(napi_env env, ring_status status) {
  char text[128];
  snprintf(text, sizeof text, "%s", status == RING_ERR_IO || status == RING_ERR_SPACE ? strerror(errno) : CODES[status]);
  return throw_code(env, CODES[status], text);
}

static void close_handle(handle *h) {
  if (!h->open) return;
  h->open = false;
  helper_stop(&h->helper);
  ring_close(&h->r);
}

static void finalize(napi_env env, void *data, void *hint) {
  (void)hint;
  handle *h = data;
  close_handle(h);
  if (h->view_ref != NULL) napi_delete_reference(env, h->view_ref);
  if (h->meta_ref != NULL) napi_delete_reference(env, h->meta_ref);
  free(h);
}

static bool read_args(napi_env env, napi_callback_info info, size_t wanted, napi_value *args) {
  size_t count = wanted;
  if (napi_get_cb_info(env, info, &count, args, NULL, NULL) == napi_ok && count >= wanted) return true;
  throw_code(env, "ERR_RING_ARGUMENT", "too few arguments");
  return false;
}

static handle *handle_of(napi_env env, napi_value value) {
  void *data = NULL;
  if (napi_get_value_external(env, value, &data) != napi_ok || data == NULL) {
    throw_code(env, "ERR_RING_ARGUMENT", "not a ring handle");
    return NULL;
  }
  handle *h = data;
  if (h->open) return h;
  throw_code(env, "ERR_RING_CLOSED", "the ring was used after close");
  return NULL;
}

static uint32_t u32(napi_env env, napi_value value) {
  uint32_t n = 0;
  napi_get_value_uint32(env, value, &n);
  return n;
}

static bool flag(napi_env env, napi_value value) {
  bool b = false;
  napi_get_value_bool(env, value, &b);
  return b;
}

static napi_value number(napi_env env, uint32_t n) {
  napi_value value = NULL;
  napi_create_uint32(env, n, &value);
  return value;
}

/* Returns the path in a buffer the caller frees, or NULL with an exception pending. */
static char *text_of(napi_env env, napi_value value) {
  size_t length = 0;
  if (napi_get_value_string_utf8(env, value, NULL, 0, &length) == napi_ok) {
    char *text = malloc(length + 1);
    if (text != NULL && napi_get_value_string_utf8(env, value, text, length + 1, &length) == napi_ok && strlen(text) == length) return text;
    free(text);
  }
  throw_code(env, "ERR_RING_ARGUMENT", "text without NUL expected");
  return NULL;
}

static bool hold_memory(napi_env env, handle *h, napi_value view, napi_value meta) {
  void *view_data = NULL, *meta_data = NULL;
  size_t view_bytes = 0, meta_bytes = 0;
  if (napi_get_arraybuffer_info(env, view, &view_data, &view_bytes) != napi_ok ||
      napi_get_arraybuffer_info(env, meta, &meta_data, &meta_bytes) != napi_ok || view_bytes < RING_SLOT_BYTES ||
      view_bytes % RING_SLOT_BYTES != 0 || meta_bytes < META_WORDS * sizeof(double))
    return false;
  if (napi_create_reference(env, view, 1, &h->view_ref) != napi_ok || napi_create_reference(env, meta, 1, &h->meta_ref) != napi_ok)
    return false;
  h->view = view_data;
  h->slots = (uint32_t)(view_bytes / RING_SLOT_BYTES);
  h->meta = meta_data;
  return true;
}

static void report(handle *h, uint32_t taken) {
  h->meta[META_LOST_NOW] = (double)h->r.lost_now;
  h->meta[META_LOST] = (double)h->r.lost;
  h->meta[META_FIRST] = (double)(h->r.position - taken);
  h->meta[META_POSITION] = (double)h->r.position;
}

static void release(napi_env env, void *data, void *hint);

static napi_value wrap(napi_env env, handle *h, napi_value view, napi_value meta) {
  napi_value external = NULL;
  h->env = env;
  h->open = true;
  h->uses = 1;
  if (napi_create_external(env, h, release, NULL, &external) != napi_ok) {
    finalize(env, h, NULL);
    return throw_code(env, "ERR_RING_ARGUMENT", "no handle");
  }
  if (hold_memory(env, h, view, meta)) {
    report(h, 0);
    return external;
  }
  close_handle(h);
  return throw_code(env, "ERR_RING_ARGUMENT", "view and meta must be array buffers of whole slots");
}

/* openProducer(path, capacity, lossless, view, meta) */
static napi_value open_producer(napi_env env, napi_callback_info info) {
  napi_value a[5];
  if (!read_args(env, info, 5, a)) return NULL;
  char *path = text_of(env, a[0]);
  handle *h = path == NULL ? NULL : calloc(1, sizeof *h);
  if (h == NULL) return free(path), NULL;
  const ring_status status = ring_open_producer(&h->r, path, u32(env, a[1]), flag(env, a[2]));
  free(path);
  if (status != RING_OK) return free(h), throw_status(env, status);
  h->producer = true;
  return wrap(env, h, a[3], a[4]);
}

/* openReader(path, index, lossless, from, keep, manualAck, name, view, meta) */
static napi_value open_reader(napi_env env, napi_callback_info info) {
  napi_value a[9];
  if (!read_args(env, info, 9, a)) return NULL;
  const uint32_t index = u32(env, a[1]), from = u32(env, a[3]);
  if (index >= RING_MAX_READERS || from > FROM_OLDEST) return throw_code(env, "ERR_RING_ARGUMENT", "index or start out of range");
  char *path = text_of(env, a[0]);
  char *name = path == NULL ? NULL : text_of(env, a[6]);
  handle *h = name == NULL ? NULL : calloc(1, sizeof *h);
  if (h == NULL) return free(path), free(name), NULL;
  const ring_status status =
      ring_open_reader(&h->r, path, index, flag(env, a[2]), (ring_from)from, u32(env, a[4]), flag(env, a[5]), name);
  free(path);
  free(name);
  if (status != RING_OK) return free(h), throw_status(env, status);
  return wrap(env, h, a[7], a[8]);
}

/*
 * The hot path: one call into Node-API in all. The handle rides on the function itself, slot and count come in and the taken count
 * goes out through `meta`; five calls for the same cost more than the copy they were made for.
 */
static napi_value publish(napi_env env, napi_callback_info info) {
  void *data = NULL;
  napi_get_cb_info(env, info, NULL, NULL, NULL, &data);
  handle *h = data;
  if (!h->open) return throw_code(env, "ERR_RING_CLOSED", "the ring was used after close");
  const double from = h->meta[META_FROM], n = h->meta[META_COUNT];
  if (!(from >= 0 && n >= 0 && from + n <= h->slots)) return throw_code(env, "ERR_RING_ARGUMENT", "more ticks than the view holds");
  h->meta[META_TAKEN] = ring_publish(&h->r, h->view + (size_t)from * RING_SLOT_WORDS, (uint32_t)n);
  h->meta[META_PUBLISHED] = (double)(h->r.next - 1);
  return NULL;
}

/* A function outlives nothing it needs: its handle is freed only with the last of the external and the functions made for it. */
static void release(napi_env env, void *data, void *hint) {
  (void)hint;
  handle *h = data;
  if (--h->uses == 0) finalize(env, h, NULL);
}

/* publisher(handle): the function that publishes what `meta` names */
static napi_value publisher(napi_env env, napi_callback_info info) {
  napi_value a[1], function = NULL;
  if (!read_args(env, info, 1, a)) return NULL;
  handle *h = handle_of(env, a[0]);
  if (h == NULL) return NULL;
  if (!h->producer) return throw_code(env, "ERR_RING_ARGUMENT", "a reader does not publish");
  if (napi_create_function(env, "publish", NAPI_AUTO_LENGTH, publish, h, &function) != napi_ok) return NULL;
  h->uses++;
  if (napi_add_finalizer(env, function, h, release, NULL, NULL) != napi_ok) h->uses--;
  return function;
}

static handle *reader_of(napi_env env, napi_value value) {
  handle *h = handle_of(env, value);
  if (h == NULL || !h->producer) return h;
  throw_code(env, "ERR_RING_ARGUMENT", "a producer does not drain");
  return NULL;
}

static napi_value drain(napi_env env, napi_callback_info info) {
  napi_value a[1];
  if (!read_args(env, info, 1, a)) return NULL;
  handle *h = reader_of(env, a[0]);
  if (h == NULL) return NULL;
  const uint32_t taken = ring_drain(&h->r, h->view, h->slots);
  report(h, taken);
  return number(env, taken);
}

/* drainWait(handle, spinUs, parkUs): holds the thread, so the wrapper bounds both. */
static napi_value drain_wait(napi_env env, napi_callback_info info) {
  napi_value a[3];
  if (!read_args(env, info, 3, a)) return NULL;
  handle *h = reader_of(env, a[0]);
  if (h == NULL) return NULL;
  const uint32_t taken = ring_drain_wait(&h->r, h->view, h->slots, 1000ull * u32(env, a[1]), 1000ull * u32(env, a[2]));
  report(h, taken);
  return number(env, taken);
}

static napi_value ack(napi_env env, napi_callback_info info) {
  napi_value a[1];
  if (!read_args(env, info, 1, a)) return NULL;
  handle *h = reader_of(env, a[0]);
  if (h != NULL) ring_ack(&h->r);
  return NULL;
}

/* watch(handle, callback): starts the helper thread; arm(handle): one call when something is there */
static napi_value watch(napi_env env, napi_callback_info info) {
  napi_value a[2];
  if (!read_args(env, info, 2, a)) return NULL;
  handle *h = reader_of(env, a[0]);
  if (h == NULL) return NULL;
  if (h->helper.running) return throw_code(env, "ERR_RING_ARGUMENT", "the reader already pumps");
  if (helper_start(env, &h->helper, &h->r, a[1]) != napi_ok) return throw_code(env, "ERR_RING_IO", "no helper thread");
  return NULL;
}

static napi_value arm(napi_env env, napi_callback_info info) {
  napi_value a[1];
  if (!read_args(env, info, 1, a)) return NULL;
  handle *h = reader_of(env, a[0]);
  if (h != NULL && h->helper.running) helper_arm(&h->helper);
  return NULL;
}

static napi_value evict_dead(napi_env env, napi_callback_info info) {
  napi_value a[1];
  if (!read_args(env, info, 1, a)) return NULL;
  handle *h = handle_of(env, a[0]);
  if (h == NULL) return NULL;
  if (!h->producer) return throw_code(env, "ERR_RING_ARGUMENT", "only the producer evicts");
  return number(env, ring_evict_dead(&h->r));
}

/* stats(handle, arrayBuffer of STATS_WORDS doubles); returns the readers' names */
static napi_value stats(napi_env env, napi_callback_info info) {
  napi_value a[2], names = NULL;
  if (!read_args(env, info, 2, a)) return NULL;
  handle *h = handle_of(env, a[0]);
  void *data = NULL;
  size_t bytes = 0;
  if (h == NULL) return NULL;
  if (napi_get_arraybuffer_info(env, a[1], &data, &bytes) != napi_ok || bytes < STATS_WORDS * sizeof(double))
    return throw_code(env, "ERR_RING_ARGUMENT", "stats need a larger buffer");
  double *out = data;
  const ring_header *m = h->r.header;
  out[0] = (double)m->capacity;
  out[1] = (double)(m->flags & RING_FLAG_LOSSLESS);
  out[2] = (double)LOAD_ACQUIRE(&m->published);
  out[3] = (double)m->epoch;
  out[4] = (double)m->created_ns;
  out[5] = (double)LOAD_RELAXED(&m->producer_pid);
  out[6] = (double)LOAD_RELAXED(&m->producer_generation);
  out[7] = h->producer || ring_producer_alive(&h->r);
  out[8] = ring_replaced(&h->r);
  out[9] = (double)LOAD_RELAXED(&m->producer_heartbeat_ns);
  napi_create_array_with_length(env, RING_MAX_READERS, &names);
  for (uint32_t i = 0; i < RING_MAX_READERS; i++) {
    const ring_reader_entry *e = &m->readers[i];
    double *row = out + STATS_HEAD + STATS_READER * i;
    row[0] = (double)LOAD_ACQUIRE(&e->state);
    row[1] = (double)(LOAD_RELAXED(&e->flags) & RING_FLAG_LOSSLESS);
    row[2] = (double)LOAD_RELAXED(&e->pid);
    row[3] = (double)LOAD_ACQUIRE(&e->cursor);
    row[4] = (double)LOAD_RELAXED(&e->lost);
    row[5] = (double)LOAD_RELAXED(&e->generation);
    row[6] = (double)LOAD_RELAXED(&e->heartbeat_ns);
    row[7] = 0;
    char name[RING_NAME_BYTES + 1] = {0};
    memcpy(name, e->name, RING_NAME_BYTES);
    napi_value text = NULL;
    napi_create_string_utf8(env, name, NAPI_AUTO_LENGTH, &text);
    napi_set_element(env, names, i, text);
  }
  return names;
}

static napi_value close_ring(napi_env env, napi_callback_info info) {
  napi_value a[1];
  void *data = NULL;
  if (!read_args(env, info, 1, a)) return NULL;
  if (napi_get_value_external(env, a[0], &data) != napi_ok || data == NULL) return NULL;
  handle *h = data;
  if (h->open && !h->producer) STORE_RELEASE(&h->r.entry->state, READER_FREE);
  close_handle(h);
  return NULL;
}

#ifdef RING_TEST_HOOKS
/* testHooks(slowNs, naive) */
static napi_value test_hooks(napi_env env, napi_callback_info info) {
  napi_value a[2];
  if (!read_args(env, info, 2, a)) return NULL;
  ring_test_slow_ns = u32(env, a[0]);
  ring_test_naive = flag(env, a[1]);
  return NULL;
}
#endif

NAPI_MODULE_INIT() {
  const struct {
    const char *name;
    napi_callback call;
  } functions[] = {
      {"openProducer", open_producer}, {"openReader", open_reader}, {"publisher", publisher}, {"drain", drain},
      {"drainWait", drain_wait},       {"ack", ack},                {"watch", watch},     {"arm", arm},
      {"evictDead", evict_dead},       {"stats", stats},            {"close", close_ring},
#ifdef RING_TEST_HOOKS
      {"testHooks", test_hooks},
#endif
  };
  for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
    napi_value function = NULL;
    if (napi_create_function(env, functions[i].name, NAPI_AUTO_LENGTH, functions[i].call, NULL, &function) != napi_ok ||
        napi_set_named_property(env, exports, functions[i].name, function) != napi_ok)
      return NULL;
  }
  return exports;
}
