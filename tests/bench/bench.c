/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bench - the measuring half of tests/bench/run: drops folders by rename, watches done/, times fork
 * and exec.
 *
 *     bench floor N             fork+exec /bin/true N times, two at a time: processes a second
 *     bench prepare DIR N EXE   makes N job folders DIR/b<i>/ that run EXE
 *     bench burst DIR SPOOL N   renames them all into SPOOL/incoming and waits for N more folders
 * in SPOOL/done: jobs a second bench latency DIR SPOOL N one at a time: milliseconds from the
 * rename to the start of the program, sorted, one a line bench queued DIR SPOOL N  as burst, but
 * waits for N more folders in SPOOL/queued: seconds bench stamp               what a job of
 * "latency" runs: prints the time bench cpu PID...          CPU nanoseconds used so far by these
 * processes and their children, all threads bench peak PID            peak resident KiB
 *
 * Times are CLOCK_REALTIME of one host. A folder's sub-folders are counted by its link count, which
 * costs one stat.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_S 300

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static void nap_us(long us)
{
	const struct timespec ts = { 0, us * 1000 };

	nanosleep(&ts, NULL);
}

static void die(const char *what)
{
	fprintf(stderr, "bench: %s: %s\n", what, strerror(errno));
	exit(1);
}

static long number(const char *text)
{
	long n = strtol(text, NULL, 10);

	if (n < 1) {
		fprintf(stderr, "bench: not a number: %s\n", text);
		exit(2);
	}
	return n;
}

static int floor_of_machine(long count)
{
	char name[] = "true";
	char *const argv[] = { name, NULL };
	int64_t begin = now_ns();
	long running = 0;

	for (long i = 0; i < count; i++) {
		pid_t pid;

		if (running == 2 && wait(NULL) > 0)
			running--;
		pid = fork();
		if (pid < 0)
			die("fork");
		if (pid == 0) {
			execv("/bin/true", argv);
			_exit(127);
		}
		running++;
	}
	while (running-- > 0)
		wait(NULL);
	printf("%.1f\n", (double)count * 1e9 / (double)(now_ns() - begin));
	return 0;
}

static int prepare(const char *dir, long count, const char *exe)
{
	for (long i = 0; i < count; i++) {
		char path[4096];
		FILE *f;

		snprintf(path, sizeof(path), "%s/b%ld", dir, i);
		if (mkdir(path, 0755) < 0)
			die(path);
		snprintf(path, sizeof(path), "%s/b%ld/job.conf", dir, i);
		f = fopen(path, "w");
		if (!f)
			die(path);
		if (strchr(exe, ' '))
			fprintf(f, "executable = \"%.*s\"\narguments = {\"%s\"}\n",
				(int)strcspn(exe, " "), exe, strchr(exe, ' ') + 1);
		else
			fprintf(f, "executable = \"%s\"\n", exe);
		fclose(f);
	}
	return 0;
}

static long folders_in(const char *spool, const char *place)
{
	char path[4096];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", spool, place);
	if (stat(path, &st) < 0)
		die(path);
	return (long)st.st_nlink;
}

static void drop(const char *dir, const char *spool, long i)
{
	char from[4096], to[4096];

	snprintf(from, sizeof(from), "%s/b%ld", dir, i);
	snprintf(to, sizeof(to), "%s/incoming/b%ld", spool, i);
	if (rename(from, to) < 0)
		die(from);
}

static double burst(const char *dir, const char *spool, long count, const char *place)
{
	long before = folders_in(spool, place);
	int64_t begin = now_ns();

	for (long i = 0; i < count; i++)
		drop(dir, spool, i);
	while (folders_in(spool, place) < before + count) {
		if (now_ns() - begin > PATIENCE_S * 1000000000LL) {
			fprintf(stderr, "bench: only %ld of %ld folders reached %s/\n",
				folders_in(spool, place) - before, count, place);
			exit(1);
		}
		nap_us(2000);
	}
	return (double)(now_ns() - begin) / 1e9;
}

/* The time that the job b<i> has printed, once its folder is in done/. */
static int64_t stamp_of(const char *spool, long i)
{
	char done[4096], suffix[64], path[4400];
	int64_t stamp = 0;
	struct dirent *e;
	DIR *d;

	snprintf(done, sizeof(done), "%s/done", spool);
	snprintf(suffix, sizeof(suffix), "-b%ld", i);
	d = opendir(done);
	if (!d)
		die(done);
	while (!stamp && (e = readdir(d))) {
		const char *dash = strchr(e->d_name, '-');
		FILE *f;

		if (!dash || strcmp(dash, suffix) != 0)
			continue;
		snprintf(path, sizeof(path), "%s/%s/stdout.txt", done, e->d_name);
		f = fopen(path, "r");
		if (f && fscanf(f, "%" SCNd64, &stamp) != 1)
			stamp = 0;
		if (f)
			fclose(f);
	}
	closedir(d);
	return stamp;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static int latency(const char *dir, const char *spool, long count)
{
	double *ms = calloc((size_t)count, sizeof(*ms));

	for (long i = 0; i < count; i++) {
		long before = folders_in(spool, "done");
		int64_t begin = now_ns();

		drop(dir, spool, i);
		while (folders_in(spool, "done") == before) {
			if (now_ns() - begin > 30 * 1000000000LL)
				die("a job did not end within 30 s");
			nap_us(2000);
		}
		ms[i] = (double)(stamp_of(spool, i) - begin) / 1e6;
		nap_us(300000); /* an idle system */
	}
	qsort(ms, (size_t)count, sizeof(*ms), by_size);
	for (long i = 0; i < count; i++)
		printf("%.3f\n", ms[i]);
	free(ms);
	return 0;
}

/* schedstat's first number is nanoseconds on a processor. */
static int64_t task_ns(const char *pid, const char *task)
{
	char path[512];
	int64_t ns = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%s/task/%s/schedstat", pid, task);
	f = fopen(path, "r");
	if (f && fscanf(f, "%" SCNd64, &ns) != 1)
		ns = 0;
	if (f)
		fclose(f);
	return ns;
}

static int64_t process_ns(const char *pid, int depth)
{
	char path[512], children[4096] = "", *save = NULL;
	int64_t ns = 0;
	struct dirent *e;
	FILE *f;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%s/task", pid);
	d = opendir(path);
	while (d && (e = readdir(d)))
		if (e->d_name[0] != '.')
			ns += task_ns(pid, e->d_name);
	if (d)
		closedir(d);
	snprintf(path, sizeof(path), "/proc/%s/task/%s/children", pid, pid);
	f = fopen(path, "r");
	if (f && !fgets(children, sizeof(children), f))
		children[0] = '\0';
	if (f)
		fclose(f);
	for (char *child = strtok_r(children, " \n", &save); child && depth < 4;
	     child = strtok_r(NULL, " \n", &save))
		ns += process_ns(child, depth + 1);
	return ns;
}

static int peak(const char *pid)
{
	char path[512], line[256];
	FILE *f;
	long kib;

	snprintf(path, sizeof(path), "/proc/%s/status", pid);
	f = fopen(path, "r");
	if (!f)
		die(path);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "VmHWM: %ld", &kib) == 1)
			printf("%ld\n", kib);
	fclose(f);
	return 0;
}

int main(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";

	if (strcmp(verb, "floor") == 0 && argc == 3)
		return floor_of_machine(number(argv[2]));
	if (strcmp(verb, "prepare") == 0 && argc == 5)
		return prepare(argv[2], number(argv[3]), argv[4]);
	if (strcmp(verb, "burst") == 0 && argc == 5)
		return printf("%.1f\n", (double)number(argv[4]) /
						burst(argv[2], argv[3], number(argv[4]), "done")) <
		       0;
	if (strcmp(verb, "queued") == 0 && argc == 5)
		return printf("%.2f\n", burst(argv[2], argv[3], number(argv[4]), "queued")) < 0;
	if (strcmp(verb, "latency") == 0 && argc == 5)
		return latency(argv[2], argv[3], number(argv[4]));
	if (strcmp(verb, "stamp") == 0)
		return printf("%" PRId64 "\n", now_ns()) < 0;
	if (strcmp(verb, "cpu") == 0 && argc > 2) {
		int64_t ns = 0;

		for (int i = 2; i < argc; i++)
			ns += process_ns(argv[i], 0);
		return printf("%" PRId64 "\n", ns) < 0;
	}
	if (strcmp(verb, "peak") == 0 && argc == 3)
		return peak(argv[2]);
	fputs("usage: see the head of bench.c\n", stderr);
	return 2;
}
