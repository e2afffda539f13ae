/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * software - programs on this machine that jobs may ask for.
 *
 * Touches nothing; runs "name --version" of each, in a session of its own with an empty stdin, and
 * kills what has not ended after two seconds. What is found is for people and for matching by name;
 * a version that nobody understands is "?".
 */
#include "software.h"

#include "appfile.h"
#include "cleanup.h"
#include "clock.h"

#include <ctype.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define PATIENCE_MS 2000
#define ANSWER_MAX 1024
#define AT_ONCE 16

char *software_find(const char *name)
{
	const char *dir = SOFTWARE_PATH;

	if (!*name || strchr(name, '/'))
		return NULL;
	while (*dir) {
		size_t len = strcspn(dir, ":");
		char *path = xasprintf("%.*s/%s", (int)len, dir, name);
		struct stat st;

		if (stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0)
			return path;
		free(path);
		dir += len + (dir[len] == ':');
	}
	return NULL;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void add_new(struct strlist *list, const char *name)
{
	if (name && *name && !strlist_has(list, name))
		strlist_add(list, name);
}

void software_names(const struct strlist *probe, const struct catalogue *cat, struct strlist *ret)
{
	for (size_t i = 0; i < probe->count; i++)
		add_new(ret, probe->items[i]);
	for (size_t i = 0; i < cat->count; i++) {
		const struct appfile *app = &cat->apps[i];

		add_new(ret, app->interpreter);
		for (size_t j = 0; j < app->requires.count; j++)
			add_new(ret, app->requires.items[j]);
	}
	if (ret->count > 0)
		qsort(ret->items, ret->count, sizeof(*ret->items), by_text);
}

static void add_found(struct strlist *list, const char *name, const char *version)
{
	_cleanup_free_ char *text = xasprintf("%s %s", name, version ? version : "?");

	strlist_add(list, text);
}

void software_here(const struct strlist *names, struct strlist *ret)
{
	for (size_t i = 0; i < names->count; i++) {
		_cleanup_free_ char *path = software_find(names->items[i]);

		if (path)
			add_found(ret, names->items[i], NULL);
	}
}

char *software_version_in(const char *text)
{
	for (const char *at = text; *at; at++) {
		size_t len;

		/* "3.11.2", "(GNU Octave) 7.3", "v18.1"; neither "x86" nor "2023" nor "sh: 0:" */
		if (!isdigit((unsigned char)*at) || (at > text && at[-1] == '.') ||
		    (at > text && isalnum((unsigned char)at[-1]) && at[-1] != 'v'))
			continue;
		len = strspn(at, "0123456789.");
		while (len > 0 && at[len - 1] == '.')
			len--;
		if (memchr(at, '.', len) && len < 32)
			return xstrndup(at, len);
		at += len - 1;
	}
	return NULL;
}

/* -- asking for versions ------------------------------------------------------------------------- */

struct question {
	const char *name;
	pid_t pid; /* 0: could not be asked */
	int out;   /* its stdout and stderr; -1: at its end */
	char answer[ANSWER_MAX + 1];
	size_t len;
};

static pid_t spawn(const char *path, const char *name, int out)
{
	char version[] = "--version", lang[] = "LANG=C.UTF-8", where[] = "PATH=" SOFTWARE_PATH;
	char home[] = "HOME=/", *own = xstrdup(name);
	char *argv[] = { own, version, NULL }, *envp[] = { where, lang, home, NULL };
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none, all;
	pid_t pid = 0;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK |
						POSIX_SPAWN_SETSIGDEF);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &all);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&files, out, STDERR_FILENO);
	posix_spawn_file_actions_addchdir_np(&files, "/");
	if (posix_spawn(&pid, path, &files, &attr, argv, envp) != 0)
		pid = 0;
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attr);
	free(own);
	return pid;
}

static void ask(struct question *q, const char *name)
{
	_cleanup_free_ char *path = software_find(name);
	int ends[2];

	*q = (struct question){ .name = name, .out = -1 };
	if (!path || pipe2(ends, O_CLOEXEC) < 0)
		return;
	q->pid = spawn(path, name, ends[1]);
	close(ends[1]);
	if (q->pid)
		q->out = ends[0];
	else
		close(ends[0]);
}

static void hear(struct question *q)
{
	char more[ANSWER_MAX];
	ssize_t n = read(q->out, more, sizeof(more));

	if (n <= 0) {
		close(q->out);
		q->out = -1;
		return;
	}
	if ((size_t)n > ANSWER_MAX - q->len) /* the rest is read and thrown away */
		n = (ssize_t)(ANSWER_MAX - q->len);
	memcpy(q->answer + q->len, more, (size_t)n);
	q->len += (size_t)n;
}

/* Reads all answers until each is whole or time is over. */
static void listen_to(struct question *q, size_t count)
{
	int64_t end = clock_boot_ms() + PATIENCE_MS, left;
	struct pollfd fds[AT_ONCE];
	size_t open_ones = 1;

	while (open_ones > 0 && (left = end - clock_boot_ms()) > 0) {
		open_ones = 0;
		for (size_t i = 0; i < count; i++) {
			fds[i] = (struct pollfd){ .fd = q[i].out, .events = POLLIN };
			open_ones += q[i].out >= 0;
		}
		if (open_ones == 0 || poll(fds, count, (int)left) <= 0)
			continue;
		for (size_t i = 0; i < count; i++)
			if (fds[i].revents)
				hear(&q[i]);
	}
}

static void settle(struct question *q, struct strlist *ret)
{
	_cleanup_free_ char *path = software_find(q->name);
	_cleanup_free_ char *version = software_version_in(q->answer);

	if (q->out >= 0)
		close(q->out);
	if (q->pid) {
		kill(-q->pid, SIGKILL); /* its session, before its number is free */
		while (waitpid(q->pid, NULL, 0) < 0 && errno == EINTR)
			continue;
	}
	if (path)
		add_found(ret, q->name, version);
}

void software_versions(const struct strlist *names, struct strlist *ret)
{
	struct question *q = xcalloc(AT_ONCE, sizeof(*q));

	for (size_t done = 0, n; done < names->count; done += n) {
		n = names->count - done < AT_ONCE ? names->count - done : AT_ONCE;
		for (size_t i = 0; i < n; i++)
			ask(&q[i], names->items[done + i]);
		listen_to(q, n);
		for (size_t i = 0; i < n; i++)
			settle(&q[i], ret);
	}
	free(q);
}
