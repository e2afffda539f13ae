/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * doctor_signs - signs of life of the daemons: which of them call this host theirs, and are those
 * of other hosts seen when they change?
 *
 * A heartbeat is replaced every five seconds, so it is a probe of how stale this host's view is
 * that costs nothing: it is read as every reader does, and compared with a fresh listing. Signs of
 * this very host say nothing, its kernel knows them already. Takes up to the time of some beats;
 * reads only.
 */
#include "doctor.h"

#include "cfgfile.h"
#include "cleanup.h"
#include "clock.h"
#include "complaint.h"
#include "doctor_pulse.h"
#include "escape.h"
#include "machine.h"
#include "machines.h"
#include "record.h"
#include "xalloc.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>

#define BEAT_MS 5000 /* the default of runners and coordinator */
#define LOOK_MS 500
#define WATCH_MS (3 * BEAT_MS) /* and longer only while a change is waited for */
#define WATCH_MOST_MS (6 * BEAT_MS)
#define SIGNS_MOST 2 /* one would do, if it is not just being stopped */

/* -- whose signs there are ----------------------------------------------------------------------- */

struct sign {
	char *who;	    /* "lab-07", "the coordinator"; printable */
	char *file;	    /* in its folder */
	const char *folder; /* below the share */
	bool expected;	    /* the coordinator counts it as present */
	struct pulse pulse;
};

struct signs {
	struct sign items[SIGNS_MOST];
	size_t count;
};

static bool is_of_here(const char *machine)
{
	return machine && strcmp(machine, machine_id()) == 0;
}

/* The machine in spool/coordinator; heap, or NULL. */
static char *coordinator_machine(const struct doctor *d)
{
	static const struct cfgfile_key block_keys[] = { { "machine", CFGFILE_WORD, NULL }, { 0 } };
	static const struct cfgfile_key keys[] = { { "coordinator", CFGFILE_SECTION, block_keys },
						   { 0 } };
	_cleanup_free_ char *text = NULL;
	struct complaint c = { 0 };
	const struct cfgfile *block;
	struct cfgfile *tree;
	char *machine = NULL;
	const char *body;
	size_t len, valid;

	if (safefs_read(d->fd, SPOOL_COORDINATOR, RECORD_MAX_BYTES, &text, &len, NULL) < 0 ||
	    record_check(text, len, "spool-coordinator 1", &valid) != RECORD_WHOLE)
		return NULL;
	body = record_body(text, valid, &len);
	tree = cfgfile_parse(SPOOL_COORDINATOR, body, len, keys, CFGFILE_RECORD, &c);
	complaint_free(&c);
	if (!tree)
		return NULL;
	block = cfgfile_section(tree, "coordinator", 0);
	if (block && cfgfile_word(block, "machine"))
		machine = xstrdup(cfgfile_word(block, "machine"));
	cfgfile_free(tree);
	return machine;
}

void doctor_roles(struct doctor *d)
{
	_cleanup_free_ char *machine = coordinator_machine(d);
	struct machines m;

	alive_begin(&d->sp, &d->alive);
	d->roles = is_of_here(machine) ? MEDIUM_COORDINATOR : 0;
	if (machines_read(&d->sp, &m) == 0) {
		for (size_t i = 0; i < m.count; i++)
			if (m.items[i].has_registration &&
			    is_of_here(m.items[i].registration.machine))
				d->roles |= MEDIUM_RUNNER;
		machines_free(&m);
	}
}

/* The last beat of a runner that has ended says so, and is no change that this host fails to see.
 */
static bool has_said_goodbye(const struct machine *m)
{
	return strcmp(m->state, "DRAINED") == 0 ||
	       (m->beat.state && strcmp(m->beat.state, "DRAINED") == 0);
}

static bool may_be_watched(const struct machine *m)
{
	return m->has_registration && m->registration.machine && m->has_beat &&
	       machine_is_current(m) && !is_of_here(m->registration.machine) &&
	       !has_said_goodbye(m);
}

static void find_runners(const struct doctor *d, struct signs *s)
{
	struct machines m;

	if (machines_read(&d->sp, &m) < 0)
		return;
	for (size_t i = 0; i < m.count && s->count < SIGNS_MOST; i++) {
		if (!may_be_watched(&m.items[i]))
			continue;
		s->items[s->count++] = (struct sign){
			.who = xasprintf("runner %s", m.items[i].name),
			.file = xasprintf("%s.beat", m.items[i].name),
			.folder = "spool/runners",
			.expected = strcmp(m.items[i].state, "?") != 0,
		};
	}
	machines_free(&m);
}

static void find_signs(const struct doctor *d, struct signs *s)
{
	_cleanup_free_ char *machine = NULL;

	find_runners(d, s);
	if (s->count)
		return;
	machine = coordinator_machine(d);
	if (machine && !is_of_here(machine))
		s->items[s->count++] = (struct sign){
			.who = xstrdup("the coordinator"),
			.file = xstrdup(SPOOL_COORDINATOR),
			.folder = "spool",
		};
}

/* -- looking ------------------------------------------------------------------------------------- */

/* Reads the whole folder, which brings a network file system's knowledge of it up to date. */
static void list_folder(int fd)
{
	_cleanup_closedir_ DIR *dir = NULL;
	int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (copy < 0)
		return;
	dir = fdopendir(copy);
	if (!dir)
		close(copy);
	while (dir && readdir(dir))
		;
}

/* What everybody reads, and only then what a fresh listing tells. */
static void look(const struct doctor *d, const struct sign *sign, char **ret_content,
		 int64_t *ret_stamp)
{
	_cleanup_close_ int fd = safefs_open_dir(d->root_fd, sign->folder);
	struct stat st;
	size_t len;

	*ret_content = NULL;
	*ret_stamp = 0;
	if (fd < 0 || safefs_read(fd, sign->file, RECORD_MAX_BYTES, ret_content, &len, NULL) < 0)
		*ret_content = xstrdup("");
	if (fd < 0)
		return;
	list_folder(fd);
	if (fstatat(fd, sign->file, &st, AT_SYMLINK_NOFOLLOW) == 0)
		*ret_stamp = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
}

/* One look at all. True if looking on tells more. */
static bool look_at_all(const struct doctor *d, struct signs *s, bool first)
{
	bool more = false;

	for (size_t i = 0; i < s->count; i++) {
		_cleanup_free_ char *content = NULL;
		int64_t stamp, now;

		look(d, &s->items[i], &content, &stamp);
		now = clock_boot_ms();
		if (first)
			pulse_begin(&s->items[i].pulse, BEAT_MS, now, content, stamp);
		else
			pulse_see(&s->items[i].pulse, now, content, stamp);
		more |= !pulse_is_clear(&s->items[i].pulse, now);
	}
	return more;
}

static bool anything_waits(const struct signs *s)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->items[i].pulse.waiting_since >= 0)
			return true;
	return false;
}

static void watch(const struct doctor *d, struct signs *s)
{
	const struct timespec pause = { .tv_nsec = LOOK_MS * 1000000L };
	int64_t begun = clock_boot_ms(), elapsed = 0;
	bool tty = isatty(STDERR_FILENO), more;

	do {
		more = look_at_all(d, s, elapsed == 0);
		if (tty)
			fprintf(stderr,
				"\rwatching other hosts' signs of life: %d of %d s at most ",
				(int)(elapsed / 1000), WATCH_MS / 1000);
		nanosleep(&pause, NULL);
		elapsed = clock_boot_ms() - begun;
	} while (more && (elapsed < WATCH_MS || (anything_waits(s) && elapsed < WATCH_MOST_MS)));
	if (tty)
		fputs("\r\033[K", stderr);
}

/* -- telling ------------------------------------------------------------------------------------- */

static void note_stale(struct doctor *d, const struct sign *s, double lag)
{
	if (d->media[0].class == MEDIUM_SMB)
		doctor_note(
			d, DOCTOR_ADVICE, "fresh", "mount it with closetimeo=0",
			"%s: a change of its sign of life was not seen for %.1f s; runners do not "
			"read replaced files, but what spoolctl shows may be old",
			s->who, lag);
	else
		doctor_note(
			d, DOCTOR_UNSAFE, "fresh",
			"mount it without nocto and with default caching; see spool-share(7)",
			"%s: a change of its sign of life was not seen for %.1f s: this host reads "
			"stale files",
			s->who, lag);
}

static void note_sign(struct doctor *d, const struct sign *s)
{
	const struct pulse *p = &s->pulse;
	int64_t now = clock_boot_ms(), lag = p->longest_lag;

	if (p->waiting_since >= 0 && now - p->waiting_since > lag)
		lag = now - p->waiting_since;
	switch (pulse_judge(p, now)) {
	case PULSE_STALE:
		note_stale(d, s, (double)lag / 1000);
		break;
	case PULSE_LATE:
		doctor_note(d, DOCTOR_ADVICE, "fresh",
			    "mount it with default caching (SMB: actimeo=1,closetimeo=0)",
			    "%s: a change of its sign of life was seen only after %.1f s", s->who,
			    (double)lag / 1000);
		break;
	case PULSE_FRESH:
		doctor_note(
			d, DOCTOR_FINE, "fresh", NULL,
			"%s: changes are seen at once; %.1f s at most between two (%d expected)",
			s->who, (double)p->longest_gap / 1000, BEAT_MS / 1000);
		break;
	case PULSE_SILENT:
		doctor_note(d, s->expected ? DOCTOR_ADVICE : DOCTOR_UNTRIED, "fresh",
			    s->expected ? "see whether it runs; if it does, this host reads stale "
					  "files: see the findings of the mount"
					: NULL,
			    "%s: its sign of life did not change for %d s, so it tells nothing",
			    s->who, WATCH_MS / 1000);
		break;
	}
}

static bool runners_are_closed(const struct doctor *d)
{
	_cleanup_close_ int fd = safefs_open_dir(d->fd, spool_place_name(SPOOL_RUNNERS));

	return fd == -EACCES;
}

void doctor_signs(struct doctor *d)
{
	struct signs s = { .count = 0 };

	if (d->quick) {
		doctor_note(d, DOCTOR_UNTRIED, "fresh", "leave out --quick",
			    "whether changes of other hosts are seen was not asked for");
		return;
	}
	find_signs(d, &s);
	if (s.count)
		watch(d, &s);
	else if (runners_are_closed(d))
		doctor_note(d, DOCTOR_UNTRIED, "fresh", "run it as the account of the daemons",
			    "runners/ is closed to this account, so it cannot see signs of life");
	else
		doctor_note(d, DOCTOR_UNTRIED, "fresh", NULL,
			    "nothing runs on another host whose changes could be seen");
	for (size_t i = 0; i < s.count; i++) {
		note_sign(d, &s.items[i]);
		pulse_free(&s.items[i].pulse);
		free(s.items[i].who);
		free(s.items[i].file);
	}
}
