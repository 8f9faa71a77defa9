/*
 * Publishing and draining. Torn reads are impossible by these rules:
 *  writer: stamp 2n-1 relaxed; release fence; payload relaxed; stamp 2n release.
 *  reader: stamp acquire must be 2n; payload relaxed; acquire fence; stamp must still be 2n.
 *          Smaller (also the odd stamp a killed producer leaves): not yet. Larger: lapped, counted as lost.
 * A reader stores its loss before its cursor, so a crash between them over-reports loss and never hides it.
 */
#include "ring.h"

#ifdef RING_TEST_HOOKS
uint64_t ring_test_slow_ns = 0;
bool ring_test_naive = false;
static void slow(void) {
  if (ring_test_slow_ns == 0) return;
  for (uint64_t until = ring_now_ns() + ring_test_slow_ns; ring_now_ns() < until;) ring_pause();
}
#endif

/*
 * Without lossless readers the gate is the next sequence itself. A lossless reader that joins announces itself, fences and reads
 * `published` again, so either this sees it or it starts at or past the value returned here.
 */
static uint64_t smallest_lossless_cursor(ring *r) {
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
  uint64_t smallest = r->next;
  for (uint32_t i = 0; i < RING_MAX_READERS; i++) {
    ring_reader_entry *e = &r->header->readers[i];
    if (LOAD_ACQUIRE(&e->state) != READER_ACTIVE || !(LOAD_RELAXED(&e->flags) & RING_FLAG_LOSSLESS)) continue;
    uint64_t cursor = LOAD_ACQUIRE(&e->cursor);
    if (cursor < smallest) smallest = cursor;
  }
  return smallest;
}

/*
 * The line a slot will need was last in a reader's cache: asked for in time, nothing waits for it. Not __builtin_prefetch on x86-64,
 * which asks for a line to read; processors without PREFETCHW run it as a no-op.
 */
#define CLAIM_AHEAD 16
static inline void claim_line(ring_slot *slot) {
#if defined(__x86_64__)
  __asm__ __volatile__("prefetchw %0" : : "m"(*slot));
#else
  __builtin_prefetch(slot, 1);
#endif
}

uint32_t ring_publish(ring *r, const uint64_t *words, uint32_t n) {
  uint64_t next = r->next;
  if (r->lossless) {
    const uint64_t capacity = r->mask + 1;
    if (next + n > r->gate + capacity) {
      r->gate = smallest_lossless_cursor(r);
      const uint64_t room = r->gate + capacity > next ? r->gate + capacity - next : 0;
      if (n > room) n = (uint32_t)room;
    }
  }
  if (n == 0) return 0;
  for (uint32_t i = 0; i < n; i++, next++, words += RING_SLOT_WORDS) {
    ring_slot *slot = &r->slots[next & r->mask];
    claim_line(&r->slots[(next + CLAIM_AHEAD) & r->mask]);
#ifdef RING_TEST_HOOKS
    if (ring_test_naive) {
      STORE_RELEASE(&slot->stamp, 2 * next);
      for (uint32_t w = 0; w < RING_SLOT_WORDS - 1; w++) {
        if (w == 3) slow();
        STORE_RELAXED(&slot->word[w], words[w + 1]);
      }
      continue;
    }
#endif
    STORE_RELAXED(&slot->stamp, 2 * next - 1);
    __atomic_thread_fence(__ATOMIC_RELEASE);
    for (uint32_t w = 0; w < RING_SLOT_WORDS - 1; w++) {
#ifdef RING_TEST_HOOKS
      if (w == 3) slow();
#endif
      STORE_RELAXED(&slot->word[w], words[w + 1]);
    }
    STORE_RELEASE(&slot->stamp, 2 * next);
  }
  r->next = next;
  STORE_RELEASE(&r->header->published, next - 1);
  /*
   * Either we see a sleeper's bit here or it sees the stamp above. The stamp must be visible before the mask is read: the sleeper
   * sees to that with a barrier on our processor (wait.c), so that the hot side pays for none; a fence waits for every line it wrote.
   */
  if (r->fence || LOAD_RELAXED(&r->header->fence_wanted) != 0) __atomic_thread_fence(__ATOMIC_SEQ_CST);
  __atomic_signal_fence(__ATOMIC_SEQ_CST);
  if (LOAD_RELAXED(&r->header->wait_mask) != 0) ring_wake(r->header);
  return n;
}

void ring_ack(ring *r) {
  if (LOAD_RELAXED(&r->entry->cursor) == r->position) return;
  STORE_RELAXED(&r->entry->lost, r->lost);
  STORE_RELEASE(&r->entry->cursor, r->position);
}

static void jump_after_lap(ring *r) {
  const uint64_t published = LOAD_ACQUIRE(&r->header->published);
  uint64_t target = published > r->keep ? published - r->keep + 1 : 1;
  if (target <= r->position) target = r->position + 1;
  r->lost += target - r->position;
  r->lost_now += target - r->position;
  r->position = target;
}

uint32_t ring_drain(ring *r, uint64_t *words, uint32_t limit) {
  uint32_t taken = 0;
  uint64_t position = r->position;
  if (!r->manual_ack) ring_ack(r);
  r->lost_now = 0;
  while (taken < limit) {
    ring_slot *slot = &r->slots[position & r->mask];
    const uint64_t stamp = LOAD_ACQUIRE(&slot->stamp);
    bool lapped = stamp > 2 * position;
    if (stamp == 2 * position) {
      for (uint32_t w = 0; w < RING_SLOT_WORDS - 1; w++) words[w + 1] = LOAD_RELAXED(&slot->word[w]);
      __atomic_thread_fence(__ATOMIC_ACQUIRE);
      lapped = LOAD_RELAXED(&slot->stamp) != stamp;
#ifdef RING_TEST_HOOKS
      if (ring_test_naive) lapped = false;
#endif
      if (!lapped) {
        const double sequence = (double)position++;
        __builtin_memcpy(words, &sequence, sizeof sequence);
        words += RING_SLOT_WORDS;
        taken++;
        continue;
      }
    }
    /* A batch is contiguous: what was read before the lap is delivered first, the loss with the next batch. */
    if (!lapped || taken > 0) break;
    r->position = position;
    jump_after_lap(r);
    position = r->position;
  }
  r->position = position;
  return taken;
}

/* What is committed, at most `limit` and at least the one slot whose stamp says so before `published` does. */
static uint32_t drain_committed(ring *r, uint64_t *words, uint32_t limit) {
  const uint64_t published = LOAD_ACQUIRE(&r->header->published);
  const uint64_t there = published >= r->position ? published - r->position + 1 : 1;
  return ring_drain(r, words, there < limit ? (uint32_t)there : limit);
}

/*
 * A reader that keeps up reads each line while the writer is in it, and both go at the speed of a line crossing between processors.
 * So one that spins takes what is committed, and after a small batch leaves the lines alone until MODERATION_NS after the last.
 * Ticks further apart than that are not delayed.
 */
#define MODERATION_NS 4000u
#define MODERATION_TICKS 192u

uint32_t ring_drain_wait(ring *r, uint64_t *words, uint32_t limit, uint64_t spin_ns, uint64_t park_ns) {
  if (spin_ns >= MODERATION_NS && r->last_taken > 0 && r->last_taken < MODERATION_TICKS)
    while (ring_now_ns() < r->last_ns + MODERATION_NS) ring_pause();
  uint32_t taken = drain_committed(r, words, limit);
  uint64_t lost_now = r->lost_now;
  if (taken == 0 && spin_ns > 0) {
    const uint64_t until = ring_now_ns() + spin_ns;
    for (uint32_t turn = 0; taken == 0; turn++) {
      if (ring_has_next(r->header, r->slots, r->mask, r->position)) {
        taken = drain_committed(r, words, limit);
        lost_now += r->lost_now;
      } else if ((turn & 31) == 31 && ring_now_ns() >= until) {
        break;
      } else {
        ring_pause();
      }
    }
  }
  if (taken == 0 && park_ns > 0) {
    ring_sleep(r, r->position, park_ns);
    taken = drain_committed(r, words, limit);
    lost_now += r->lost_now;
  }
  r->lost_now = lost_now;
  r->last_taken = taken;
  r->last_ns = taken > 0 && spin_ns > 0 ? ring_now_ns() : 0;
  return taken;
}

bool ring_has_next(const ring_header *header, const ring_slot *slots, uint64_t mask, uint64_t position) {
  (void)header;
  return LOAD_ACQUIRE(&slots[position & mask].stamp) >= 2 * position;
}
