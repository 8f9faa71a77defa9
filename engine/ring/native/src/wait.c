/*
 * Sleeping and waking over the futex word in shared memory (not PRIVATE: it crosses processes).
 * The waker clears all wait bits, so a killed sleeper cannot leak a wake-up per publish. Every sleep is bounded, so a producer
 * killed between commit and wake costs its readers at most that bound.
 */
#include "ring.h"

#include <limits.h>
#include <time.h>

#if defined(__linux__)
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>
/* membarrier(2), Linux 4.16. By value: the kernel headers at hand may be older than the kernel. */
enum { GLOBAL_EXPEDITED = 1 << 1, REGISTER_GLOBAL_EXPEDITED = 1 << 2 };
#else
#error "the native ring is written for Linux; other systems use the TypeScript fallback"
#endif

uint64_t ring_now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

void ring_pause(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ __volatile__("yield");
#endif
}

bool ring_barrier_join(void) { return syscall(SYS_membarrier, REGISTER_GLOBAL_EXPEDITED, 0, 0) == 0; }
bool ring_barrier(void) { return syscall(SYS_membarrier, GLOBAL_EXPEDITED, 0, 0) == 0; }

void ring_wake(ring_header *header) {
  __atomic_exchange_n(&header->wait_mask, 0, __ATOMIC_SEQ_CST);
  __atomic_fetch_add(&header->futex_word, 1, __ATOMIC_SEQ_CST);
  syscall(SYS_futex, &header->futex_word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

void ring_sleep(ring *r, uint64_t position, uint64_t timeout_ns) {
  const uint32_t bit = 1u << r->index;
  const uint32_t word = __atomic_load_n(&r->header->futex_word, __ATOMIC_SEQ_CST);
  __atomic_fetch_or(&r->header->wait_mask, bit, __ATOMIC_SEQ_CST);
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
  ring_barrier(); /* where there is none, the publisher fences: this reader said so when it joined */
  if (!ring_has_next(r->header, r->slots, r->mask, position)) {
    const struct timespec timeout = {(time_t)(timeout_ns / 1000000000ull), (long)(timeout_ns % 1000000000ull)};
    syscall(SYS_futex, &r->header->futex_word, FUTEX_WAIT, word, &timeout, NULL, 0);
  }
  __atomic_fetch_and(&r->header->wait_mask, ~bit, __ATOMIC_RELAXED);
  STORE_RELAXED(&r->entry->heartbeat_ns, ring_now_ns());
}
