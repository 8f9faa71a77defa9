/*
 * The thread touches shared memory and its own struct only; JavaScript is reached through a threadsafe function.
 * It is stopped by an environment clean-up hook that runs before the threadsafe function's own, so it never calls into a closing one.
 */
#include "helper.h"

#define SLEEP_NS 20000000ull /* bounds what a lost wake-up can cost */

static void on_env_cleanup(void *data) {
  helper *h = data;
  h->env = NULL; /* this hook is being removed by who calls it */
  helper_stop(h);
}

static void *run(void *data) {
  helper *h = data;
  for (;;) {
    pthread_mutex_lock(&h->mutex);
    while (!h->armed && !h->stop) pthread_cond_wait(&h->changed, &h->mutex);
    const uint64_t position = h->position;
    const bool stop = h->stop;
    pthread_mutex_unlock(&h->mutex);
    if (stop) return NULL;

    if (!ring_has_next(h->r->header, h->r->slots, h->r->mask, position)) {
      ring_sleep(h->r, position, SLEEP_NS);
      continue;
    }
    pthread_mutex_lock(&h->mutex);
    h->armed = false;
    const bool call = !h->stop;
    pthread_mutex_unlock(&h->mutex);
    if (!call || napi_call_threadsafe_function(h->call, NULL, napi_tsfn_nonblocking) != napi_ok) return NULL;
  }
}

napi_status helper_start(napi_env env, helper *h, ring *r, napi_value callback) {
  napi_value name;
  napi_status status = napi_create_string_utf8(env, "aegis-ring", NAPI_AUTO_LENGTH, &name);
  if (status == napi_ok)
    status = napi_create_threadsafe_function(env, callback, NULL, name, 2, 1, NULL, NULL, NULL, NULL, &h->call);
  if (status != napi_ok) return status;
  h->r = r;
  h->armed = h->stop = false;
  pthread_mutex_init(&h->mutex, NULL);
  pthread_cond_init(&h->changed, NULL);
  if (pthread_create(&h->thread, NULL, run, h) != 0) {
    napi_release_threadsafe_function(h->call, napi_tsfn_abort);
    return napi_generic_failure;
  }
  h->running = true;
  h->env = env;
  napi_add_env_cleanup_hook(env, on_env_cleanup, h);
  return napi_ok;
}

void helper_arm(helper *h) {
  pthread_mutex_lock(&h->mutex);
  h->position = h->r->position;
  h->armed = true;
  pthread_cond_signal(&h->changed);
  pthread_mutex_unlock(&h->mutex);
}

void helper_stop(helper *h) {
  if (!h->running) return;
  h->running = false;
  pthread_mutex_lock(&h->mutex);
  h->stop = true;
  pthread_cond_signal(&h->changed);
  pthread_mutex_unlock(&h->mutex);
  ring_wake(h->r->header); /* others asleep on the same word wake once for nothing */
  pthread_join(h->thread, NULL);
  napi_release_threadsafe_function(h->call, napi_tsfn_abort);
  if (h->env != NULL) napi_remove_env_cleanup_hook(h->env, on_env_cleanup, h);
  pthread_mutex_destroy(&h->mutex);
  pthread_cond_destroy(&h->changed);
}
