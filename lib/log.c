/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * log - one line per event on stderr; under systemd with its priority prefix, else with local time.
 *
 * Touches stderr and a small table of the troubles that are going on. Each line is built in a
 * buffer and leaves by one write(2), so that lines of several threads and programs do not mix.
 * The table has a fixed size (a share can break in more ways than memory should hold): when it
 * is full, the key that was quiet for longest is forgotten, which costs at worst a line too
 * many.
 *
 * Under systemd means: $JOURNAL_STREAM names the device and inode of our stderr (systemd.exec(5)).
 */
#include "log.h"
#include "clock.h"
#include "xalloc.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

#define LINE_SIZE 8192
#define TROUBLES 256
#define QUIET_MS 60000 /* a repeated trouble is told at most this often */
#define FREE_CHANGES 8 /* so many new texts of one key are told at once */

struct priority {
	const char *prefix; /* for systemd */
	const char *word;   /* for people */
};

static const struct priority debug = { SD_DEBUG, "debug: " };
static const struct priority info = { SD_INFO, "" };
static const struct priority warning = { SD_WARNING, "warning: " };
static const struct priority error = { SD_ERR, "error: " };

/* One trouble that goes on. */
struct trouble {
	char *key, *text; /* key NULL: the row is free */
	uint64_t count;	  /* times seen */
	uint64_t next;	  /* told again at this count */
	unsigned changes; /* how often the text was another one */
	int64_t seen_ms;  /* the last time, and the last time that it was told */
	int64_t told_ms;
};

static const char *program = "spool";
static bool want_debug;
static bool to_journal;
static struct trouble troubles[TROUBLES];
static atomic_flag troubles_busy = ATOMIC_FLAG_INIT;

/* Is stderr the stream that systemd made for our journal? */
static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	uintmax_t dev, ino;
	struct stat st;

	if (!stream || sscanf(stream, "%ju:%ju", &dev, &ino) != 2 || fstat(STDERR_FILENO, &st) < 0)
		return false;
	return (uintmax_t)st.st_dev == dev && (uintmax_t)st.st_ino == ino;
}

void log_init(const char *name, bool debugging)
{
	program = name;
	want_debug = debugging;
	to_journal = stderr_is_journal();
}

static size_t put_time(char *buf, size_t size)
{
	int64_t now = clock_wall_ms();
	time_t seconds = (time_t)(now / 1000);
	struct tm tm;
	size_t len;

	if (!localtime_r(&seconds, &tm))
		return 0;
	len = strftime(buf, size, "%Y-%m-%d %H:%M:%S", &tm);
	return len + (size_t)snprintf(buf + len, size - len, ".%03u ", (unsigned)(now % 1000));
}

static void put_line(char *line, size_t len)
{
	const char *at = line;

	line[len++] = '\n';
	while (len > 0) {
		ssize_t n = write(STDERR_FILENO, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		at += n;
		len -= (size_t)n;
	}
}

static void vlog(const struct priority *p, const char *format, va_list ap)
	__attribute__((format(printf, 2, 0)));

static void vlog(const struct priority *p, const char *format, va_list ap)
{
	int saved = errno;
	char line[LINE_SIZE];
	size_t room = sizeof(line) - 1, len;
	int n;

	if (to_journal)
		len = (size_t)snprintf(line, room, "%s", p->prefix);
	else
		len = put_time(line, room);
	if (!to_journal)
		len += (size_t)snprintf(line + len, room - len, "%.64s: ", program);
	len += (size_t)snprintf(line + len, room - len, "%s", to_journal ? "" : p->word);
	n = vsnprintf(line + len, room - len, format, ap);
	if (n >= 0 && (size_t)n >= room - len) {
		len = room - 1;
		memcpy(line + len - 3, "...", 3);
	} else if (n > 0) {
		len += (size_t)n;
	}
	put_line(line, len);
	errno = saved;
}

/* The same for text that is already made. */
static void log_text(const struct priority *p, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void log_text(const struct priority *p, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vlog(p, format, ap);
	va_end(ap);
}

void log_debug(const char *format, ...)
{
	va_list ap;

	if (!want_debug)
		return;
	va_start(ap, format);
	vlog(&debug, format, ap);
	va_end(ap);
}

void log_info(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vlog(&info, format, ap);
	va_end(ap);
}

void log_warn(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vlog(&warning, format, ap);
	va_end(ap);
}

void log_error(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vlog(&error, format, ap);
	va_end(ap);
}

/* Held for some microseconds at most and rarely wanted by two threads at once. */
static void lock_troubles(void)
{
	while (atomic_flag_test_and_set_explicit(&troubles_busy, memory_order_acquire))
		usleep(50);
}

static void unlock_troubles(void)
{
	atomic_flag_clear_explicit(&troubles_busy, memory_order_release);
}

static void forget(struct trouble *t)
{
	free(t->key);
	free(t->text);
	memset(t, 0, sizeof(*t));
}

static struct trouble *find_trouble(const char *key)
{
	for (size_t i = 0; i < TROUBLES; i++) {
		if (troubles[i].key && strcmp(troubles[i].key, key) == 0)
			return &troubles[i];
	}
	return NULL;
}

/* A free row for key; the one that was quiet for longest gives way. */
static struct trouble *new_trouble(const char *key)
{
	struct trouble *t = &troubles[0];

	for (size_t i = 0; t->key && i < TROUBLES; i++) {
		if (!troubles[i].key || troubles[i].seen_ms < t->seen_ms)
			t = &troubles[i];
	}
	forget(t);
	t->key = xstrdup(key);
	return t;
}

/* Notes one more sight of the trouble. Takes text over. Returns the count to tell, or 0. */
static uint64_t note_trouble(const char *key, char *text)
{
	int64_t now = clock_boot_ms();
	struct trouble *t = find_trouble(key);
	bool changed;

	if (!t)
		t = new_trouble(key);
	changed = !t->text || strcmp(t->text, text) != 0;
	free(t->text);
	t->text = text;
	t->seen_ms = now;
	if (changed && t->changes < FREE_CHANGES) {
		t->changes++;
		t->count = 1;
	} else {
		t->count++;
		if (t->count < t->next || now - t->told_ms < QUIET_MS)
			return 0;
	}
	for (t->next = 2; t->next <= t->count; t->next *= 2)
		continue;
	t->told_ms = now;
	return t->count;
}

void log_trouble(const char *key, const char *format, ...)
{
	int saved = errno;
	uint64_t count;
	char *text, *shown;
	va_list ap;

	va_start(ap, format);
	text = xvasprintf(format, ap);
	va_end(ap);
	shown = xstrdup(text);
	lock_troubles();
	count = note_trouble(key, text);
	unlock_troubles();
	if (count == 1)
		log_text(&warning, "%s", shown);
	else if (count > 1)
		log_text(&warning, "%s (seen %ju times)", shown, (uintmax_t)count);
	free(shown);
	errno = saved;
}

void log_mended(const char *key)
{
	int saved = errno;
	struct trouble *t;
	uint64_t count = 0;

	lock_troubles();
	t = find_trouble(key);
	if (t) {
		count = t->count;
		forget(t);
	}
	unlock_troubles();
	if (count == 1)
		log_text(&info, "%s: in order again", key);
	else if (count > 1)
		log_text(&info, "%s: in order again (the trouble was seen %ju times)", key,
			 (uintmax_t)count);
	errno = saved;
}

void log_die(const char *format, ...)
{
	va_list ap;
	char *text;

	va_start(ap, format);
	text = xvasprintf(format, ap);
	va_end(ap);
	dprintf(STDERR_FILENO, "%s: %s\n", program, text);
	free(text);
	exit(1);
}
