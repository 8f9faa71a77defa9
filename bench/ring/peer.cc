// The native yardstick: the same layout, the same stamps, the same gate and the same verification, without JavaScript.
// peer produce <file> <ticks> <batch> | peer consume <file> <ticks>; each prints CLOCK_MONOTONIC nanoseconds.
#include "../../engine/ring/native/src/layout.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

namespace {
constexpr uint64_t kCapacity = 16384;
constexpr size_t kBytes = RING_HEADER_BYTES + kCapacity * RING_SLOT_BYTES;

uint64_t now_ns() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return uint64_t(t.tv_sec) * 1000000000ull + uint64_t(t.tv_nsec);
}

// Spin, then nap: the same manners as the JavaScript ends.
void idle(unsigned &turns) {
  if (++turns % 20000 == 0) usleep(50);
}

ring_header *map(const char *path) {
  const int fd = open(path, O_RDWR | O_CREAT, 0600);
  if (fd < 0 || posix_fallocate(fd, 0, kBytes) != 0) exit(3);
  void *at = mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (at == MAP_FAILED) exit(3);
  return static_cast<ring_header *>(at);
}

void produce(ring_header *h, uint64_t ticks, uint64_t batch) {
  auto *slots = reinterpret_cast<ring_slot *>(reinterpret_cast<char *>(h) + RING_HEADER_BYTES);
  while (LOAD_ACQUIRE(&h->readers[0].cursor) == 0) usleep(100);
  printf("%llu\n", static_cast<unsigned long long>(now_ns()));
  uint64_t gate = 1;
  double tick[256 * 8];
  for (uint64_t next = 1; next <= ticks;) {
    for (uint64_t i = 0; i < batch; i++)
      for (int w = 1; w < 8; w++) tick[i * 8 + w] = double((next + i) * 8 + w);
    for (unsigned turns = 0; next + batch > gate + kCapacity; idle(turns)) gate = LOAD_ACQUIRE(&h->readers[0].cursor);
    for (uint64_t i = 0; i < batch; i++, next++) {
      ring_slot &slot = slots[next & (kCapacity - 1)];
      STORE_RELAXED(&slot.stamp, 2 * next - 1);
      __atomic_thread_fence(__ATOMIC_RELEASE);
      for (int w = 1; w < 8; w++) {
        uint64_t bits;
        memcpy(&bits, &tick[i * 8 + w], 8);
        STORE_RELAXED(&slot.word[w - 1], bits);
      }
      STORE_RELEASE(&slot.stamp, 2 * next);
    }
    STORE_RELEASE(&h->published, next - 1);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (LOAD_RELAXED(&h->wait_mask) != 0) abort();
  }
}

int consume(ring_header *h, uint64_t ticks) {
  auto *slots = reinterpret_cast<ring_slot *>(reinterpret_cast<char *>(h) + RING_HEADER_BYTES);
  STORE_RELEASE(&h->readers[0].cursor, 1);
  uint64_t position = 1, broken = 0;
  unsigned turns = 0;
  double tick[256 * 8];
  while (position <= ticks) {
    uint64_t n = 0;
    for (; n < 256; n++) {
      ring_slot &slot = slots[(position + n) & (kCapacity - 1)];
      const uint64_t stamp = LOAD_ACQUIRE(&slot.stamp);
      if (stamp != 2 * (position + n)) break;
      for (int w = 1; w < 8; w++) {
        const uint64_t bits = LOAD_RELAXED(&slot.word[w - 1]);
        memcpy(&tick[n * 8 + w], &bits, 8);
      }
      __atomic_thread_fence(__ATOMIC_ACQUIRE);
      if (LOAD_RELAXED(&slot.stamp) != stamp) break;
    }
    for (uint64_t i = 0; i < n; i++)
      for (int w = 1; w < 8; w++) broken += tick[i * 8 + w] != double((position + i) * 8 + w);
    position += n;
    if (n == 0) {
      idle(turns);
      continue;
    }
    turns = 0;
    STORE_RELEASE(&h->readers[0].cursor, position);
  }
  printf("%llu\n", static_cast<unsigned long long>(now_ns()));
  return broken == 0 ? 0 : 4;
}
} // namespace

int main(int argc, char **argv) {
  if (argc < 4) return 2;
  ring_header *h = map(argv[2]);
  const uint64_t ticks = strtoull(argv[3], nullptr, 10);
  if (strcmp(argv[1], "consume") == 0) return consume(h, ticks);
  if (argc < 5) return 2;
  produce(h, ticks, strtoull(argv[4], nullptr, 10));
  return 0;
}
