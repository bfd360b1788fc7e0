/* A disk that fails: preloaded, it kills the process before a chosen file system call, and keeps what was synced.

Only calls on paths below DISK_ROOT count. The process that is to be killed says so with disk_arm(). With DISK_SYNCED,
a folder, every sync records what is durable from then on: the content of a file, or the names in a directory with the
files that they stand for. Everything else is what a power cut would take. */

#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/stat.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static long calls = 0, fatal_call = 0, syncs = 0;
static int call_log = -1;
static pthread_mutex_t sync_lock = PTHREAD_MUTEX_INITIALIZER;

#define REAL(type, name, ...) \
    static type (*real)(__VA_ARGS__); \
    if (!real) real = (type (*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

void disk_arm(long call, int log) { calls = 0; fatal_call = call; call_log = log; }
long disk_count(void) { return calls; }

static int is_below(const char *path) {
    const char *root = getenv("DISK_ROOT");
    size_t length = root ? strlen(root) : 0;
    return length && !strncmp(path, root, length) && (path[length] == '/' || !path[length]);
}

static int name_path(int folder, const char *path, char *full) {
    char link[64], base[PATH_MAX];
    if (!path) return 0;
    if (path[0] == '/') { snprintf(full, PATH_MAX, "%s", path); return 1; }
    if (folder == AT_FDCWD) snprintf(link, sizeof link, "/proc/self/cwd");
    else snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
    ssize_t length = readlink(link, base, sizeof base - 1);
    if (length <= 0) return 0;
    base[length] = 0;
    snprintf(full, PATH_MAX, "%.*s/%s", PATH_MAX / 2, base, path);
    return 1;
}

static int name_descriptor(int fd, char *full) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, full, PATH_MAX - 1);
    if (length <= 0) return 0;
    full[length] = 0;
    return full[0] == '/';
}

static void count_call(const char *name, const char *path) {
    if (call_log < 0 || !is_below(path)) return;
    long call = __sync_add_and_fetch(&calls, 1);
    dprintf(call_log, "%ld %s %s\n", call, name, path + strlen(getenv("DISK_ROOT")));
    if (call == fatal_call) { kill(getpid(), SIGKILL); for (;;) pause(); }
}

static void count_at(const char *name, int folder, const char *path) {
    int saved = errno;
    char full[PATH_MAX];
    if (call_log >= 0 && name_path(folder, path, full)) count_call(name, full);
    errno = saved;
}

static void count_descriptor(const char *name, int fd) {
    int saved = errno;
    char full[PATH_MAX];
    if (call_log >= 0 && name_descriptor(fd, full)) count_call(name, full);
    errno = saved;
}

/* Inode numbers are used again; with the time of birth they name one file. */
static int identify(int folder, const char *path, int flags, char *identity, char *kind) {
    struct statx status;
    if (syscall(SYS_statx, folder, path, flags | AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS | STATX_BTIME, &status)) return 0;
    snprintf(identity, 80, "%llu-%lld-%u", (unsigned long long)status.stx_ino,
             (long long)status.stx_btime.tv_sec, status.stx_btime.tv_nsec);
    *kind = (status.stx_mode & S_IFMT) == S_IFDIR ? 'd' : 'f';
    return 1;
}

static void record_sync(int fd) {
    const char *folder = getenv("DISK_SYNCED");
    char full[PATH_MAX], path[PATH_MAX], identity[80], kind;
    if (!folder || !name_descriptor(fd, full) || !is_below(full) || !identify(fd, "", AT_EMPTY_PATH, identity, &kind)) return;
    pthread_mutex_lock(&sync_lock);
    long number = ++syncs;
    snprintf(path, sizeof path, "%s/%06ld", folder, number);
    FILE *out = fopen(path, "w");
    if (kind == 'd') {
        DIR *names = opendir(full);
        struct dirent *entry;
        while (names && (entry = readdir(names))) {
            char member[80], member_kind;
            if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
            if (identify(dirfd(names), entry->d_name, 0, member, &member_kind))
                fprintf(out, "%c %s %s\n", member_kind, member, entry->d_name);
        }
        if (names) closedir(names);
    } else {
        char block[65536];
        off_t offset = 0;
        ssize_t length;
        int copy = open(full, O_RDONLY);
        while ((length = pread(copy, block, sizeof block, offset)) > 0) {
            fwrite(block, 1, length, out);
            offset += length;
        }
        close(copy);
    }
    fclose(out);
    snprintf(path, sizeof path, "%s/log", folder);
    FILE *log = fopen(path, "a");
    fprintf(log, "%ld %c %s %s\n", number, kind, identity, full);
    fclose(log);
    pthread_mutex_unlock(&sync_lock);
}

static int changes(int flags) { return flags & (O_CREAT | O_WRONLY | O_RDWR | O_TRUNC); }

#define OPEN(name) \
    int name(const char *path, int flags, ...) { \
        REAL(int, #name, const char *, int, ...); \
        va_list list; va_start(list, flags); mode_t mode = va_arg(list, mode_t); va_end(list); \
        if (changes(flags)) count_at("open", AT_FDCWD, path); \
        return real(path, flags, mode); \
    }
#define OPENAT(name) \
    int name(int folder, const char *path, int flags, ...) { \
        REAL(int, #name, int, const char *, int, ...); \
        va_list list; va_start(list, flags); mode_t mode = va_arg(list, mode_t); va_end(list); \
        if (changes(flags)) count_at("open", folder, path); \
        return real(folder, path, flags, mode); \
    }
#define FOPEN(name) \
    FILE *name(const char *path, const char *mode) { \
        REAL(FILE *, #name, const char *, const char *); \
        if (strpbrk(mode, "wa+")) count_at("open", AT_FDCWD, path); \
        return real(path, mode); \
    }
OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)
FOPEN(fopen)
FOPEN(fopen64)

ssize_t write(int fd, const void *data, size_t size) {
    REAL(ssize_t, "write", int, const void *, size_t);
    count_descriptor("write", fd);
    return real(fd, data, size);
}
ssize_t writev(int fd, const struct iovec *parts, int count) {
    REAL(ssize_t, "writev", int, const struct iovec *, int);
    count_descriptor("write", fd);
    return real(fd, parts, count);
}
#define PWRITE(name) \
    ssize_t name(int fd, const void *data, size_t size, off_t offset) { \
        REAL(ssize_t, #name, int, const void *, size_t, off_t); \
        count_descriptor("write", fd); \
        return real(fd, data, size, offset); \
    }
PWRITE(pwrite)
PWRITE(pwrite64)
#define TRUNCATE(name) \
    int name(int fd, off_t size) { \
        REAL(int, #name, int, off_t); \
        count_descriptor("truncate", fd); \
        return real(fd, size); \
    }
TRUNCATE(ftruncate)
TRUNCATE(ftruncate64)
#define SYNC(name) \
    int name(int fd) { \
        REAL(int, #name, int); \
        count_descriptor("fsync", fd); \
        int result = real(fd), saved = errno; \
        if (!result) record_sync(fd); \
        errno = saved; \
        return result; \
    }
SYNC(fsync)
SYNC(fdatasync)

int rename(const char *from, const char *to) {
    REAL(int, "rename", const char *, const char *);
    count_at("rename", AT_FDCWD, to);
    return real(from, to);
}
int renameat(int from_folder, const char *from, int folder, const char *to) {
    REAL(int, "renameat", int, const char *, int, const char *);
    count_at("rename", folder, to);
    return real(from_folder, from, folder, to);
}
int renameat2(int from_folder, const char *from, int folder, const char *to, unsigned flags) {
    REAL(int, "renameat2", int, const char *, int, const char *, unsigned);
    count_at("rename", folder, to);
    return real(from_folder, from, folder, to, flags);
}
int mkdir(const char *path, mode_t mode) {
    REAL(int, "mkdir", const char *, mode_t);
    count_at("mkdir", AT_FDCWD, path);
    return real(path, mode);
}
int mkdirat(int folder, const char *path, mode_t mode) {
    REAL(int, "mkdirat", int, const char *, mode_t);
    count_at("mkdir", folder, path);
    return real(folder, path, mode);
}
int unlink(const char *path) {
    REAL(int, "unlink", const char *);
    count_at("unlink", AT_FDCWD, path);
    return real(path);
}
int unlinkat(int folder, const char *path, int flags) {
    REAL(int, "unlinkat", int, const char *, int);
    count_at(flags & AT_REMOVEDIR ? "rmdir" : "unlink", folder, path);
    return real(folder, path, flags);
}
int rmdir(const char *path) {
    REAL(int, "rmdir", const char *);
    count_at("rmdir", AT_FDCWD, path);
    return real(path);
}
int chmod(const char *path, mode_t mode) {
    REAL(int, "chmod", const char *, mode_t);
    count_at("chmod", AT_FDCWD, path);
    return real(path, mode);
}
