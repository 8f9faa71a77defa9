/*
 * Opening, joining and leaving a ring. Identity is proven before anything is trusted: magic, layout, sizes.
 * Ownership is by flock, which the kernel drops however a process dies: no pid reuse, no stale lock files.
 * Space is taken with posix_fallocate: a sparse file on a full tmpfs would kill the writer with SIGBUS later.
 */
#include "ring.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

/* evictDead and liveness checks hold a lock for microseconds; an owner that starts just then must not be refused. */
static bool lock_exclusive(int fd) {
  for (int attempt = 0; attempt < 20; attempt++) {
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) return true;
    if (errno != EWOULDBLOCK && errno != EINTR) return false;
    const struct timespec pause = {0, 1000000};
    nanosleep(&pause, NULL);
  }
  errno = EWOULDBLOCK;
  return false;
}

static void begin(ring *r, const char *path) {
  memset(r, 0, sizeof *r);
  r->file_fd = r->lock_fd = -1;
  r->path = strdup(path);
}

static bool power_of_two(uint32_t n) { return n != 0 && (n & (n - 1)) == 0; }
static size_t size_for(uint32_t capacity) { return RING_HEADER_BYTES + (size_t)capacity * RING_SLOT_BYTES; }

static ring_status map(ring *r, size_t bytes) {
  void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, r->file_fd, 0);
  if (at == MAP_FAILED) return RING_ERR_IO;
  r->bytes = bytes;
  r->header = at;
  r->slots = (ring_slot *)((char *)at + RING_HEADER_BYTES);
  return RING_OK;
}

static ring_status failed(ring *r, ring_status status) {
  const int kept = errno;
  ring_close(r);
  errno = kept;
  return status;
}

static ring_status check_identity(const ring *r, size_t file_bytes) {
  const ring_header *h = r->header;
  const uint64_t magic = LOAD_ACQUIRE(&h->magic);
  if (magic == 0) return RING_ERR_NOT_READY;
  if (magic == RING_FALLBACK_MAGIC) return RING_ERR_MISMATCH;
  if (magic != RING_MAGIC) return RING_ERR_FOREIGN;
  if (h->layout != RING_LAYOUT || h->header_bytes != RING_HEADER_BYTES || h->slot_bytes != RING_SLOT_BYTES ||
      h->max_readers != RING_MAX_READERS || h->readers_offset != RING_READERS_OFFSET || h->slots_offset != RING_HEADER_BYTES)
    return RING_ERR_MISMATCH;
  if (!power_of_two(h->capacity) || size_for(h->capacity) != file_bytes) return RING_ERR_FOREIGN;
  return RING_OK;
}

static void initialise(ring *r, uint32_t capacity, bool lossless) {
  ring_header *h = r->header;
  uint64_t epoch = 0;
  if (getrandom(&epoch, sizeof epoch, 0) != (ssize_t)sizeof epoch) epoch = ring_now_ns();
  struct timespec wall;
  clock_gettime(CLOCK_REALTIME, &wall);
  memset(h, 0, r->bytes);
  h->layout = RING_LAYOUT;
  h->header_bytes = RING_HEADER_BYTES;
  h->slot_bytes = RING_SLOT_BYTES;
  h->capacity = capacity;
  h->max_readers = RING_MAX_READERS;
  h->flags = lossless ? RING_FLAG_LOSSLESS : 0;
  h->epoch = (epoch >> 11) | 1; /* exact as a double, never 0 */
  h->created_ns = (uint64_t)wall.tv_sec * 1000000000ull + (uint64_t)wall.tv_nsec;
  h->readers_offset = RING_READERS_OFFSET;
  h->slots_offset = RING_HEADER_BYTES;
  STORE_RELEASE(&h->magic, RING_MAGIC);
}

/* `published` may lag the stamps by the batch in flight when the last producer died; nothing is ever lowered. */
static uint64_t first_free_sequence(const ring *r) {
  uint64_t next = LOAD_ACQUIRE(&r->header->published) + 1;
  while (LOAD_ACQUIRE(&r->slots[next & r->mask].stamp) == 2 * next) next++;
  return next;
}

ring_status ring_open_producer(ring *r, const char *path, uint32_t capacity, bool lossless) {
  begin(r, path);
  if (!power_of_two(capacity) || capacity < RING_MIN_CAPACITY || capacity > RING_MAX_CAPACITY) return failed(r, RING_ERR_CAPACITY);
  r->file_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (r->file_fd < 0) return failed(r, errno == ELOOP ? RING_ERR_FOREIGN : errno == ENOSPC ? RING_ERR_SPACE : RING_ERR_IO);
  struct stat st;
  if (!lock_exclusive(r->file_fd)) return failed(r, errno == EWOULDBLOCK ? RING_ERR_BUSY : RING_ERR_IO);
  if (fstat(r->file_fd, &st) != 0) return failed(r, RING_ERR_IO);
  if (!S_ISREG(st.st_mode)) return failed(r, RING_ERR_FOREIGN);

  const size_t wanted = size_for(capacity);
  bool fresh = st.st_size == 0;
  if (!fresh) {
    uint64_t magic = 0;
    if (pread(r->file_fd, &magic, sizeof magic, 0) != (ssize_t)sizeof magic) return failed(r, RING_ERR_FOREIGN);
    if (magic == 0 && (size_t)st.st_size == wanted) fresh = true; /* its creator died before it was finished */
    else if (magic == RING_FALLBACK_MAGIC) return failed(r, RING_ERR_MISMATCH);
    else if (magic != RING_MAGIC) return failed(r, RING_ERR_FOREIGN);
    else if ((size_t)st.st_size != wanted) return failed(r, RING_ERR_MISMATCH);
  }
  const int no_space = posix_fallocate(r->file_fd, 0, (off_t)wanted);
  if (no_space != 0) {
    if (st.st_size == 0) unlink(path);
    errno = no_space;
    return failed(r, no_space == ENOSPC ? RING_ERR_SPACE : RING_ERR_IO);
  }
  ring_status status = map(r, wanted);
  if (status != RING_OK) return failed(r, status);
  if (fresh) initialise(r, capacity, lossless);
  if ((status = check_identity(r, wanted)) != RING_OK) return failed(r, status);
  if (r->header->capacity != capacity || ((r->header->flags & RING_FLAG_LOSSLESS) != 0) != lossless) return failed(r, RING_ERR_MISMATCH);

  r->device = st.st_dev;
  r->inode = st.st_ino;
  r->mask = capacity - 1;
  r->lossless = lossless;
  r->next = first_free_sequence(r);
  r->gate = 0;
  r->fence = !ring_barrier_join();
  STORE_RELEASE(&r->header->published, r->next - 1);
  STORE_RELAXED(&r->header->producer_pid, (uint32_t)getpid());
  __atomic_fetch_add(&r->header->producer_generation, 1, __ATOMIC_RELAXED);
  STORE_RELAXED(&r->header->producer_heartbeat_ns, ring_now_ns());
  return RING_OK;
}

static int open_reader_lock(const char *path, uint32_t index, int flags) {
  char *name = NULL;
  if (asprintf(&name, "%s.r%u", path, index) < 0) return -1;
  const int fd = open(name, flags | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0600);
  free(name);
  return fd;
}

static uint64_t start_of(const ring *r, ring_from from, uint64_t stored) {
  const uint64_t published = LOAD_ACQUIRE(&r->header->published);
  if (from == FROM_NEWEST) return published + 1;
  if (from == FROM_RESUME && stored != 0) return stored;
  return published > r->mask ? published - r->mask : 1;
}

ring_status ring_open_reader(ring *r, const char *path, uint32_t index, bool lossless, ring_from from, uint32_t keep,
                             bool manual_ack, const char *name) {
  begin(r, path);
  r->index = index;
  r->manual_ack = manual_ack;
  r->file_fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  if (r->file_fd < 0) return failed(r, errno == ENOENT ? RING_ERR_NOT_FOUND : errno == ELOOP ? RING_ERR_FOREIGN : RING_ERR_IO);
  struct stat st;
  if (fstat(r->file_fd, &st) != 0) return failed(r, RING_ERR_IO);
  if (st.st_size == 0) return failed(r, RING_ERR_NOT_READY);
  if (!S_ISREG(st.st_mode) || (size_t)st.st_size < size_for(RING_MIN_CAPACITY)) return failed(r, RING_ERR_FOREIGN);
  ring_status status = map(r, (size_t)st.st_size);
  if (status != RING_OK) return failed(r, status);
  if ((status = check_identity(r, (size_t)st.st_size)) != RING_OK) return failed(r, status);
  if (lossless && !(r->header->flags & RING_FLAG_LOSSLESS)) return failed(r, RING_ERR_MISMATCH);
  r->lock_fd = open_reader_lock(path, index, O_CREAT);
  if (r->lock_fd < 0) return failed(r, RING_ERR_IO);
  if (!lock_exclusive(r->lock_fd)) return failed(r, errno == EWOULDBLOCK ? RING_ERR_BUSY : RING_ERR_IO);

  r->device = st.st_dev;
  r->inode = st.st_ino;
  r->mask = r->header->capacity - 1;
  r->keep = keep == 0 ? r->header->capacity / 2 : keep > r->header->capacity ? r->header->capacity : keep;
  r->entry = &r->header->readers[index];
  ring_reader_entry *e = r->entry;
  const uint64_t stored = LOAD_ACQUIRE(&e->cursor);
  r->lost = LOAD_RELAXED(&e->lost);
  uint64_t position = start_of(r, from, stored);
  /* The reader's own mark only moves forward: a loss it skips is counted, a tick it already had is its own wish ('oldest'). */
  STORE_RELEASE(&e->cursor, position);
  STORE_RELAXED(&e->flags, lossless ? RING_FLAG_LOSSLESS : 0);
  STORE_RELAXED(&e->pid, (uint32_t)getpid());
  __atomic_fetch_add(&e->generation, 1, __ATOMIC_RELAXED);
  if (!ring_barrier()) STORE_RELEASE(&r->header->fence_wanted, 1);
  STORE_RELAXED(&e->heartbeat_ns, ring_now_ns());
  memset(e->name, 0, sizeof e->name);
  snprintf(e->name, sizeof e->name, "%s", name);
  STORE_RELEASE(&e->state, READER_ACTIVE);
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
  if (from == FROM_NEWEST) position = LOAD_ACQUIRE(&r->header->published) + 1;
  r->position = position;
  if (stored != 0 && position > stored) {
    r->lost += position - stored;
    STORE_RELAXED(&e->lost, r->lost);
  }
  STORE_RELEASE(&e->cursor, position);
  return RING_OK;
}

void ring_close(ring *r) {
  if (r->header != NULL) munmap(r->header, r->bytes);
  if (r->lock_fd >= 0) close(r->lock_fd);
  if (r->file_fd >= 0) close(r->file_fd);
  free(r->path);
  memset(r, 0, sizeof *r);
  r->lock_fd = r->file_fd = -1;
}

uint32_t ring_evict_dead(ring *r) {
  uint32_t evicted = 0;
  STORE_RELAXED(&r->header->producer_heartbeat_ns, ring_now_ns());
  for (uint32_t i = 0; i < RING_MAX_READERS; i++) {
    ring_reader_entry *e = &r->header->readers[i];
    if (LOAD_ACQUIRE(&e->state) != READER_ACTIVE) continue;
    const int fd = open_reader_lock(r->path, i, 0);
    if (fd < 0) {
      if (errno != ENOENT) continue;
    } else if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
      close(fd);
      continue;
    }
    STORE_RELEASE(&e->state, READER_EVICTED);
    evicted++;
    if (fd >= 0) close(fd);
  }
  return evicted;
}

bool ring_producer_alive(const ring *r) {
  const int fd = open(r->path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return false;
  const bool free_to_take = flock(fd, LOCK_EX | LOCK_NB) == 0;
  close(fd);
  return !free_to_take;
}

bool ring_replaced(const ring *r) {
  struct stat st;
  return stat(r->path, &st) != 0 || st.st_dev != r->device || st.st_ino != r->inode;
}
