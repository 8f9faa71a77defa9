/* The sleeping thread behind RingReader.pump: it waits on the ring and calls JavaScript once per wake-up, then waits to be re-armed. */
#ifndef AEGIS_RING_HELPER_H
#define AEGIS_RING_HELPER_H

#include "ring.h"

#include <node_api.h>

typedef struct {
  ring *r;
  napi_env env;
  pthread_t thread;
  pthread_mutex_t mutex;
  pthread_cond_t changed;
  napi_threadsafe_function call;
  uint64_t position; /* guarded by mutex; the sequence the reader waits for */
  bool armed, stop, running;
} helper;

napi_status helper_start(napi_env env, helper *h, ring *r, napi_value callback);
void helper_arm(helper *h);
/* Joins the thread; at most one bounded sleep long. Idempotent. */
void helper_stop(helper *h);

#endif
