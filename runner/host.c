/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * host - what this machine is and has.
 *
 * Reads /proc and /sys/fs/cgroup, changes nothing. In a container the machine's
 * own figures promise more than there is, so the limits of our cgroup and of all above it count
 * too, of version 2 and of version 1, whichever of them is mounted.
 */
#include "host.h"

#include "cleanup.h"
#include "machine.h"
#include "xalloc.h"

#include <ctype.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <string.h>
#include <sys/utsname.h>

#define TEXT_MAX \
	(256 * 1024) /* /proc/cpuinfo of a machine with many cores is long; its start suffices */

/* The text of a small file; NULL if it cannot be read. Heap. */
static char *read_text(const char *root, const char *path)
{
	_cleanup_free_ char *whole = xasprintf("%s%s", root, path);
	_cleanup_close_ int fd = open(whole, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	char *text;
	size_t len = 0;
	ssize_t n;

	if (fd < 0)
		return NULL;
	text = xcalloc(1, TEXT_MAX + 1);
	while (len < TEXT_MAX && (n = read(fd, text + len, TEXT_MAX - len)) > 0)
		len += (size_t)n;
	return text;
}

/* What stands behind "key" and a colon at the start of a line. Heap, or NULL. */
static char *value_of(const char *text, const char *key)
{
	size_t len = strlen(key);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		const char *at;

		line += *line == '\n';
		at = line + len;
		if (strncmp(line, key, len) != 0)
			continue;
		at += strspn(at, " \t");
		if (*at != ':')
			continue;
		at += 1 + strspn(at + 1, " \t");
		return xstrndup(at, strcspn(at, "\n"));
	}
	return NULL;
}

/* A line of /proc/meminfo, in bytes; 0 if it is not there. */
static uint64_t meminfo(const char *root, const char *key)
{
	_cleanup_free_ char *text = read_text(root, "/proc/meminfo");
	_cleanup_free_ char *value = text ? value_of(text, key) : NULL;

	return value ? strtoull(value, NULL, 10) * 1024 : 0;
}

/* -- cgroups ------------------------------------------------------------------------------------- */

/* Our path in the hierarchy: of version 2 for controller "", else of version 1. Heap, or NULL. */
static char *cgroup_path(const char *text, const char *controller)
{
	for (const char *line = text; line; line = strchr(line, '\n')) {
		const char *names, *path;

		line += *line == '\n';
		names = strchr(line, ':');
		path = names ? strchr(names + 1, ':') : NULL;
		if (!path)
			continue;
		names++;
		for (const char *name = names; name <= path; name += strcspn(name, ",:") + 1) {
			size_t len = strcspn(name, ",:");

			if (len == strlen(controller) && strncmp(name, controller, len) == 0)
				return xstrndup(path + 1, strcspn(path + 1, "\n"));
		}
	}
	return NULL;
}

/* Calls each with the file's text in our cgroup and in all above it. */
static void each_level(const char *root, const char *mount, const char *controller,
		       const char *file, void (*each)(const char *dir, const char *text, void *arg),
		       void *arg)
{
	_cleanup_free_ char *groups = read_text(root, "/proc/self/cgroup");
	_cleanup_free_ char *path = groups ? cgroup_path(groups, controller) : NULL;
	char *slash;

	while (path) {
		_cleanup_free_ char *dir = xasprintf("%s%s", mount, strcmp(path, "/") ? path : "");
		_cleanup_free_ char *name = xasprintf("%s/%s", dir, file);
		_cleanup_free_ char *text = read_text(root, name);

		if (text)
			each(dir, text, arg);
		slash = strrchr(path, '/');
		if (!slash || strcmp(path, "/") == 0)
			return;
		slash[slash == path] = '\0';
	}
}

/* "max", or a number of bytes; version 1 writes a huge number for "none". */
static void lower_memory(const char *dir, const char *text, void *arg)
{
	uint64_t *memory = arg, limit;

	(void)dir;
	if (!isdigit((unsigned char)*text))
		return;
	limit = strtoull(text, NULL, 10);
	if (limit > 0 && limit < *memory)
		*memory = limit;
}

static void lower_cores(unsigned *cores, int64_t quota, int64_t period)
{
	int64_t most;

	if (quota <= 0 || period <= 0)
		return;
	most = (quota + period - 1) / period;
	if (most < *cores)
		*cores = (unsigned)most;
}

static void lower_cores_v2(const char *dir, const char *text, void *arg)
{
	char *end;
	int64_t quota = strtoll(text, &end, 10);

	(void)dir;
	if (end != text) /* else "max 100000" */
		lower_cores(arg, quota, strtoll(end, NULL, 10));
}

struct quota_v1 {
	const char *root;
	unsigned *cores;
};

static void lower_cores_v1(const char *dir, const char *text, void *arg)
{
	const struct quota_v1 *q = arg;
	_cleanup_free_ char *name = xasprintf("%s/cpu.cfs_period_us", dir);
	_cleanup_free_ char *period = read_text(q->root, name);

	if (period)
		lower_cores(q->cores, strtoll(text, NULL, 10), strtoll(period, NULL, 10));
}

static uint64_t find_memory(const char *root)
{
	uint64_t memory = meminfo(root, "MemTotal");

	each_level(root, "/sys/fs/cgroup", "", "memory.max", lower_memory, &memory);
	each_level(root, "/sys/fs/cgroup/memory", "memory", "memory.limit_in_bytes", lower_memory,
		   &memory);
	return memory;
}

static unsigned find_cores(const char *root)
{
	struct quota_v1 v1 = { .root = root };
	cpu_set_t set;
	unsigned cores = 1;
	long online = sysconf(_SC_NPROCESSORS_ONLN);

	if (sched_getaffinity(0, sizeof(set), &set) == 0)
		cores = (unsigned)CPU_COUNT(&set);
	else if (online > 0) /* more processors than the set holds */
		cores = (unsigned)online;
	v1.cores = &cores;
	each_level(root, "/sys/fs/cgroup", "", "cpu.max", lower_cores_v2, &cores);
	each_level(root, "/sys/fs/cgroup/cpu", "cpu", "cpu.cfs_quota_us", lower_cores_v1, &v1);
	return cores ? cores : 1;
}

/* -- who we are ---------------------------------------------------------------------------------- */

static char *find_cpu(const char *root)
{
	_cleanup_free_ char *text = read_text(root, "/proc/cpuinfo");
	char *model = text ? value_of(text, "model name") : NULL;

	return model ? model : xstrdup("");
}

void host_look(const char *root, struct host *ret)
{
	char machine[MACHINE_ID_SIZE];
	struct utsname uts;

	if (uname(&uts) < 0)
		memset(&uts, 0, sizeof(uts));
	*ret = (struct host){
		.name = xstrdup(uts.nodename),
		.machine = machine_read_id(root, machine) ? xstrdup(machine) : NULL,
		.platform = xasprintf("linux-%s", uts.machine),
		.kernel = xstrdup(uts.release),
		.cpu = find_cpu(root),
		.cores = find_cores(root),
		.memory = find_memory(root),
	};
}

void host_free(struct host *h)
{
	free(h->name);
	free(h->machine);
	free(h->platform);
	free(h->kernel);
	free(h->cpu);
	memset(h, 0, sizeof(*h));
}

void host_now(const char *root, double *ret_load, uint64_t *ret_free)
{
	_cleanup_free_ char *load = read_text(root, "/proc/loadavg");

	*ret_load = load ? strtod(load, NULL) : 0;
	*ret_free = meminfo(root, "MemAvailable");
}
