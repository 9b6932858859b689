/* A library for LD_PRELOAD that stands between a program and the system: it counts the calls that change files under
   one directory and lets the k-th fail, or kills the program there; and it writes down who may read what is created.

   Set by the environment, read when the library is loaded and again by fault_arm():
   FAULT_UNDER   the directory, absolute; calls elsewhere are let through
   FAULT_AT      k, from 1; 0 or absent only counts
   FAULT_ACTION  once: the k-th call fails with EIO
                 full: from the k-th on, every call that needs space fails with ENOSPC, a write after half of its bytes;
                       other calls are not counted
                 kill: the program is killed at the k-th call, in a write after half of its bytes
   FAULT_LOG     a file: gets a line when the fault strikes, and with FAULT_ACTION=list one for each call counted and
                 one for each file and folder created anywhere, with its mode
*/
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#define FDS 65536
enum { NOTHING, ONCE, FULL, KILL, LIST };

static char under[4096], log_path[4096];
static size_t under_length;
static long at, count;
static int action;
static unsigned char watched[FDS];

__attribute__((constructor)) void fault_arm(void) {
    const char *value = getenv("FAULT_UNDER");
    snprintf(under, sizeof under, "%s", value ? value : "");
    under_length = strlen(under);
    value = getenv("FAULT_LOG");
    snprintf(log_path, sizeof log_path, "%s", value ? value : "");
    value = getenv("FAULT_AT");
    at = value ? atol(value) : 0;
    value = getenv("FAULT_ACTION");
    action = !value || !under_length  ? NOTHING
             : !strcmp(value, "once") ? ONCE
             : !strcmp(value, "full") ? FULL
             : !strcmp(value, "kill") ? KILL
             : !strcmp(value, "list") ? LIST
                                      : NOTHING;
    count = 0;
}

static void note(const char *what, const char *path, mode_t mode) {
    char line[4600];
    int length = snprintf(line, sizeof line, "%ld %s %o %s\n", count, what, (unsigned)mode, path ? path : "");
    int fd = syscall(SYS_openat, AT_FDCWD, log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0) return;
    syscall(SYS_write, fd, line, (size_t)length < sizeof line ? (size_t)length : sizeof line - 1);
    syscall(SYS_close, fd);
}

static int is_under(int directory, const char *path) {
    if (!under_length || !path) return 0;
    if (path[0] != '/') return directory >= 0 && directory < FDS && watched[directory];
    return !strncmp(path, under, under_length) && (path[under_length] == '/' || !path[under_length]);
}

static int is_watched(int fd) { return fd >= 0 && fd < FDS && watched[fd]; }

/* Whether this call is to fail, with errno set; half is where a write says that it can do half of it first. */
static int strikes(const char *what, const char *path, int needs_space, int *half) {
    int saved = errno;
    if (action == NOTHING || (action == FULL && !needs_space)) return 0;
    count++;
    if (action == LIST) note(what, path, 0);
    if (action == LIST || !at || count < at || (action != FULL && count > at)) {
        errno = saved;
        return 0;
    }
    if (count == at) {
        note(what, path, 0);
        if (half) {
            *half = 1;
            if (action != ONCE) return 1;
        }
        if (action == KILL) kill(getpid(), SIGKILL);
    }
    errno = action == FULL ? ENOSPC : EIO;
    return 1;
}

#define REAL(name) \
    static __typeof__(name) *real; \
    if (!real) real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

/* --- opening and closing */

static int opened(int fd, int directory, const char *path, int flags, int is_new) {
    if (fd >= 0 && fd < FDS) {
        watched[fd] = (unsigned char)is_under(directory, path);
        struct stat found;
        if (is_new && action == LIST && !fstat(fd, &found)) note("created", path, found.st_mode & 07777);
    }
    return fd;
}

static int is_new(int directory, const char *path, int flags) {
    return (flags & O_CREAT) && faccessat(directory, path, F_OK, AT_SYMLINK_NOFOLLOW);
}

#define OPEN(name) \
    int name(const char *path, int flags, ...) { \
        va_list list; \
        va_start(list, flags); \
        mode_t mode = (flags & (O_CREAT | O_TMPFILE)) ? va_arg(list, mode_t) : 0; \
        va_end(list); \
        REAL(name); \
        int fresh = is_new(AT_FDCWD, path, flags); \
        if (is_under(AT_FDCWD, path) && strikes("open", path, fresh, NULL)) return -1; \
        return opened(real(path, flags, mode), AT_FDCWD, path, flags, fresh); \
    }
OPEN(open)
OPEN(open64)

#define OPENAT(name) \
    int name(int directory, const char *path, int flags, ...) { \
        va_list list; \
        va_start(list, flags); \
        mode_t mode = (flags & (O_CREAT | O_TMPFILE)) ? va_arg(list, mode_t) : 0; \
        va_end(list); \
        REAL(name); \
        int fresh = is_new(directory, path, flags); \
        if (is_under(directory, path) && strikes("open", path, fresh, NULL)) return -1; \
        return opened(real(directory, path, flags, mode), directory, path, flags, fresh); \
    }
OPENAT(openat)
OPENAT(openat64)

int close(int fd) {
    REAL(close);
    if (fd >= 0 && fd < FDS) watched[fd] = 0;
    return real(fd);
}

int mkdir(const char *path, mode_t mode) {
    REAL(mkdir);
    if (is_under(AT_FDCWD, path) && strikes("mkdir", path, 1, NULL)) return -1;
    int result = real(path, mode), saved = errno;
    struct stat found;
    if (!result && action == LIST && !stat(path, &found)) note("created", path, found.st_mode & 07777);
    errno = saved;
    return result;
}

/* --- writing */

#define WRITE(name, parameters, half_call, whole_call) \
    ssize_t name parameters { \
        REAL(name); \
        int half = 0; \
        if (is_watched(fd) && strikes(#name, NULL, 1, &half)) { \
            if (!half || action == ONCE) return -1; \
            ssize_t written = half_call; \
            if (action == KILL) kill(getpid(), SIGKILL); \
            return written; \
        } \
        return whole_call; \
    }
WRITE(write, (int fd, const void *data, size_t size), real(fd, data, (size + 1) / 2), real(fd, data, size))
WRITE(pwrite, (int fd, const void *data, size_t size, off_t place), real(fd, data, (size + 1) / 2, place),
      real(fd, data, size, place))
WRITE(pwrite64, (int fd, const void *data, size_t size, off64_t place), real(fd, data, (size + 1) / 2, place),
      real(fd, data, size, place))

#define SIMPLE(type, name, parameters, arguments, mine, path, needs_space) \
    type name parameters { \
        REAL(name); \
        if ((mine) && strikes(#name, path, needs_space, NULL)) return -1; \
        return real arguments; \
    }
SIMPLE(int, ftruncate, (int fd, off_t size), (fd, size), is_watched(fd), NULL, 0)
SIMPLE(int, ftruncate64, (int fd, off64_t size), (fd, size), is_watched(fd), NULL, 0)
SIMPLE(int, fsync, (int fd), (fd), is_watched(fd), NULL, 1)
SIMPLE(int, fdatasync, (int fd), (fd), is_watched(fd), NULL, 1)
SIMPLE(int, fchmod, (int fd, mode_t mode), (fd, mode), is_watched(fd), NULL, 0)
SIMPLE(int, chmod, (const char *path, mode_t mode), (path, mode), is_under(AT_FDCWD, path), path, 0)

#include <sys/sendfile.h>
SIMPLE(ssize_t, sendfile, (int fd, int from, off_t *place, size_t size), (fd, from, place, size), is_watched(fd), NULL, 1)
SIMPLE(ssize_t, sendfile64, (int fd, int from, off64_t *place, size_t size), (fd, from, place, size), is_watched(fd),
       NULL, 1)
SIMPLE(ssize_t, copy_file_range, (int from, off64_t *one, int fd, off64_t *other, size_t size, unsigned flags),
       (from, one, fd, other, size, flags), is_watched(fd), NULL, 1)

/* --- names */

SIMPLE(int, rename, (const char *from, const char *to), (from, to), is_under(AT_FDCWD, to), to, 0)
SIMPLE(int, renameat, (int one, const char *from, int other, const char *to), (one, from, other, to),
       is_under(other, to), to, 0)
SIMPLE(int, renameat2, (int one, const char *from, int other, const char *to, unsigned flags),
       (one, from, other, to, flags), is_under(other, to), to, 0)
SIMPLE(int, link, (const char *from, const char *to), (from, to), is_under(AT_FDCWD, to), to, 1)
SIMPLE(int, linkat, (int one, const char *from, int other, const char *to, int flags), (one, from, other, to, flags),
       is_under(other, to), to, 1)

/* Who cannot remove a temporary file cannot but leave it: so these never fail, but a program may be killed here. */
#define REMOVES (action == KILL || action == LIST)
SIMPLE(int, unlink, (const char *path), (path), REMOVES && is_under(AT_FDCWD, path), path, 0)
SIMPLE(int, unlinkat, (int directory, const char *path, int flags), (directory, path, flags),
       REMOVES && is_under(directory, path), path, 0)
