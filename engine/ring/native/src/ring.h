/* One process's hold on a ring: the mapping, its locks and the end it plays. No Node in here. */
#ifndef AEGIS_RING_H
#define AEGIS_RING_H

#include "layout.h"

#include <pthread.h>
#include <stdbool.h>
#include <sys/stat.h>

typedef enum {
  RING_OK = 0,
  RING_ERR_NOT_FOUND,
  RING_ERR_NOT_READY,
  RING_ERR_FOREIGN,
  RING_ERR_MISMATCH,
  RING_ERR_CAPACITY,
  RING_ERR_BUSY,
  RING_ERR_SPACE,
  RING_ERR_IO,
} ring_status;

typedef enum { FROM_RESUME = 0, FROM_NEWEST = 1, FROM_OLDEST = 2 } ring_from;

typedef struct {
  char *path;
  int file_fd; /* the producer holds flock on it: one producer per ring, dropped by the kernel however it dies */
  int lock_fd; /* <path>.r<index>, held by a reader */
  dev_t device;
  ino_t inode;
  size_t bytes;
  ring_header *header;
  ring_slot *slots;
  uint64_t mask;

  /* producer */
  uint64_t next;
  uint64_t gate; /* cached smallest cursor of the lossless readers */
  bool lossless;
  bool fence; /* no membarrier here: see ring_publish */

  /* reader */
  uint32_t index;
  ring_reader_entry *entry;
  uint64_t position;
  uint64_t lost;
  uint64_t lost_now;
  uint64_t keep; /* after a lap, resume this far behind the newest */
  bool manual_ack;
  uint32_t last_taken;
  uint64_t last_ns;
} ring;

ring_status ring_open_producer(ring *r, const char *path, uint32_t capacity, bool lossless);
ring_status ring_open_reader(ring *r, const char *path, uint32_t index, bool lossless, ring_from from, uint32_t keep,
                             bool manual_ack, const char *name);
void ring_close(ring *r);

/* Commits up to n ticks of 8 words from `words`; returns how many. Fewer than n only when a lossless reader is a whole ring behind. */
uint32_t ring_publish(ring *r, const uint64_t *words, uint32_t n);
uint32_t ring_drain(ring *r, uint64_t *words, uint32_t limit);
/* ring_drain that spins up to spin_ns and then sleeps once up to park_ns while nothing is there. Holds the thread. */
uint32_t ring_drain_wait(ring *r, uint64_t *words, uint32_t limit, uint64_t spin_ns, uint64_t park_ns);
void ring_ack(ring *r);
/* Frees the gate held by readers whose process is gone; returns how many were evicted. */
uint32_t ring_evict_dead(ring *r);
bool ring_producer_alive(const ring *r);
bool ring_replaced(const ring *r);

bool ring_has_next(const ring_header *header, const ring_slot *slots, uint64_t mask, uint64_t position);
void ring_wake(ring_header *header);
/* The publisher's half and the sleeper's half of a barrier that only the sleeper pays; false where the kernel has none. */
bool ring_barrier_join(void);
bool ring_barrier(void);
/* Sleeps until sequence `position` may be there, at most `timeout_ns`; spurious returns are allowed. */
void ring_sleep(ring *r, uint64_t position, uint64_t timeout_ns);
uint64_t ring_now_ns(void);
void ring_pause(void);

#ifdef RING_TEST_HOOKS
/* Test build only: stretch the time inside a slot, and drop the protection a reader relies on. */
extern uint64_t ring_test_slow_ns;
extern bool ring_test_naive;
#endif

#endif
