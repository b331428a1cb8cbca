/* clock.c - a wall clock that a test can set: preloaded into every process.
 *
 * CLOCK_OFFSET names a file of one int64_t, the seconds to add. It is mapped, so that what the test
 * writes is seen at once, also by processes that may open nothing any more. The clocks that
 * nobody can set are left alone.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *offset_s;

#define REAL(name) ((__typeof__(name) *)dlsym(RTLD_NEXT, #name))

__attribute__((constructor)) static void start(void)
{
	const char *path = getenv("CLOCK_OFFSET");
	void *map;
	int fd;

	if (path == NULL)
		return;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	map = fd >= 0 ? mmap(NULL, sizeof(*offset_s), PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;
	if (map == MAP_FAILED) {
		perror(path);
		abort();
	}
	offset_s = map;
	close(fd);
}

static int64_t offset(void)
{
	return offset_s != NULL ? *offset_s : 0;
}

int clock_gettime(clockid_t id, struct timespec *out)
{
	int r = REAL(clock_gettime)(id, out);

	if (r == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
		out->tv_sec += offset();
	return r;
}

int gettimeofday(struct timeval *restrict out, void *restrict zone)
{
	int r = REAL(gettimeofday)(out, zone);

	if (r == 0)
		out->tv_sec += offset();
	return r;
}

time_t time(time_t *out)
{
	time_t now = REAL(time)(NULL) + offset();

	if (out != NULL)
		*out = now;
	return now;
}
