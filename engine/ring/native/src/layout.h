/*
 * The shared memory of one ring: a 4,096-byte header and a power of two of 64-byte slots, little-endian.
 * Every word that two processes touch is read and written with __atomic builtins, never plainly.
 *
 * A slot's stamp is 64-bit and only grows: 2n-1 = sequence n is being written, 2n = sequence n is committed.
 * Words that different processes write stand 128 bytes apart (adjacent-line prefetch; Apple's lines are 128 bytes).
 */
#ifndef AEGIS_RING_LAYOUT_H
#define AEGIS_RING_LAYOUT_H

#include <stddef.h>
#include <stdint.h>

#define RING_MAGIC 0x3130474e49525849ull /* "IXRING01" */
#define RING_FALLBACK_MAGIC 0x3146474e49525849ull /* "IXRINGF1": the TypeScript fallback's files, another format */
#define RING_LAYOUT 1u
#define RING_HEADER_BYTES 4096u
#define RING_SLOT_BYTES 64u
#define RING_SLOT_WORDS 8u
#define RING_MAX_READERS 16u
#define RING_READERS_OFFSET 0x200u
#define RING_MIN_CAPACITY 8u
#define RING_MAX_CAPACITY (1u << 24)
#define RING_NAME_BYTES 40u

#define RING_FLAG_LOSSLESS 1u

enum { READER_FREE = 0, READER_ACTIVE = 1, READER_EVICTED = 2 };

typedef struct {
  uint64_t cursor; /* next sequence; everything below is acknowledged */
  uint64_t lost;
  uint32_t state;
  uint32_t flags;
  uint32_t pid;
  uint32_t generation;
  uint64_t heartbeat_ns;
  char name[RING_NAME_BYTES];
  unsigned char rest[128 - 80];
} ring_reader_entry;

typedef struct {
  uint64_t magic; /* stored last */
  uint32_t layout, header_bytes, slot_bytes, capacity;
  uint32_t max_readers, flags;
  uint64_t epoch, created_ns;
  uint32_t readers_offset, slots_offset;
  unsigned char pad0[0x80 - 0x38];
  uint64_t published; /* last committed sequence; may lag the stamps by one batch */
  uint64_t reserved_claim;
  uint32_t producer_pid, producer_generation;
  uint64_t producer_heartbeat_ns;
  unsigned char pad1[0x100 - 0xa0];
  uint32_t wait_mask, futex_word;
  uint32_t fence_wanted; /* a reader without membarrier joined: publishing must fence by itself */
  unsigned char pad2[0x200 - 0x10c];
  ring_reader_entry readers[RING_MAX_READERS];
  unsigned char pad3[0x1000 - 0xa00];
} ring_header;

typedef struct {
  uint64_t stamp;
  uint64_t word[RING_SLOT_WORDS - 1];
} ring_slot;

#ifdef __cplusplus
#define RING_ASSERT static_assert
#else
#define RING_ASSERT _Static_assert
#endif
RING_ASSERT(sizeof(ring_reader_entry) == 128, "reader entry");
RING_ASSERT(sizeof(ring_header) == RING_HEADER_BYTES, "header");
RING_ASSERT(sizeof(ring_slot) == RING_SLOT_BYTES, "slot");
RING_ASSERT(offsetof(ring_header, flags) == 0x1c && offsetof(ring_header, epoch) == 0x20, "identity");
RING_ASSERT(offsetof(ring_header, readers_offset) == 0x30 && offsetof(ring_header, slots_offset) == 0x34, "offsets");
RING_ASSERT(offsetof(ring_header, published) == 0x80 && offsetof(ring_header, producer_pid) == 0x90, "producer");
RING_ASSERT(offsetof(ring_header, producer_heartbeat_ns) == 0x98 && offsetof(ring_header, wait_mask) == 0x100, "wait");
RING_ASSERT(offsetof(ring_header, futex_word) == 0x104 && offsetof(ring_header, fence_wanted) == 0x108 && offsetof(ring_header, readers) == RING_READERS_OFFSET, "readers");
RING_ASSERT(offsetof(ring_reader_entry, state) == 0x10 && offsetof(ring_reader_entry, heartbeat_ns) == 0x20, "entry");
RING_ASSERT(offsetof(ring_reader_entry, name) == 0x28, "name");

#define LOAD_RELAXED(p) __atomic_load_n((p), __ATOMIC_RELAXED)
#define LOAD_ACQUIRE(p) __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define STORE_RELAXED(p, v) __atomic_store_n((p), (v), __ATOMIC_RELAXED)
#define STORE_RELEASE(p, v) __atomic_store_n((p), (v), __ATOMIC_RELEASE)

#endif
