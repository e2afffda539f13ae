/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * runners - registrations (runners/<name>.conf) and heartbeats (runners/<name>.beat).
 *
 * A runner is present while its counter moves; silence.c counts the time between two looks. At our
 * start a beat that the file server dates as recent is taken as a sign of life: an offer made to a
 * dead runner is withdrawn later, so this costs nothing but a little time, while waiting for the
 * next beat of each would cost every start some seconds.
 */
#include "runners.h"

#include "cleanup.h"
#include "clock.h"
#include "index.h"
#include "log.h"
#include "record.h"
#include "scan.h"
#include "silence.h"
#include "tickets.h"
#include "watch.h"
#include "xalloc.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>

struct runner *runners_find(struct coordinator *co, const char *name)
{
	struct runner *r;

	HASH_FIND_STR(co->runners, name, r);
	return r;
}

/* Says its last heartbeat that it cannot work at present? */
static bool is_unfit(const struct runner *r)
{
	return r->beat.state && strcmp(r->beat.state, "UNFIT") == 0;
}

static bool takes_work(const struct runner *r)
{
	return r->beat.state && strncmp(r->beat.state, "DRAIN", 5) != 0 && !is_unfit(r);
}

static bool is_same_word(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") == 0;
}

const char *runners_state(const struct runner *r)
{
	if (!r->present)
		return "ABSENT";
	if (!takes_work(r))
		return r->beat.state;
	if (!r->open)
		return "ERROR";
	if (r->used_cores == 0)
		return "IDLE";
	return r->used_cores >= r->reg.slots ? "BUSY" : "MIXED";
}

static void tell_index(struct coordinator *co, struct runner *r)
{
	if (!r->reg.instance)
		return; /* an inbox without a registration */
	index_runner(co->index, &r->reg, r->beat.instance ? &r->beat : NULL, runners_state(r),
		     clock_wall_ms());
}

/* "<name>.conf" or "<name>.beat" -> the name; false for anything else. */
static bool split(const char *file, const char *ending, char *name, size_t size)
{
	size_t len = strlen(file), tail = strlen(ending);

	if (len <= tail || len - tail >= size || strcmp(file + len - tail, ending) != 0)
		return false;
	memcpy(name, file, len - tail);
	name[len - tail] = '\0';
	return spool_is_runner_name(name);
}

static struct runner *add_runner(struct coordinator *co, const char *name)
{
	int fd = spool_open_inbox(&co->sp, name, true);
	struct runner *r;

	if (fd < 0) {
		log_trouble(name, "the inbox of runner %s cannot be opened: %s", name,
			    strerror(-fd));
		return NULL;
	}
	log_mended(name);
	r = xcalloc(1, sizeof(*r));
	r->name = xstrdup(name);
	r->inbox_fd = fd;
	HASH_ADD_KEYPTR(hh, co->runners, r->name, strlen(r->name), r);
	if (!co->polling && watch_inbox(co, name) < 0)
		log_trouble(
			"watch",
			"the inbox of runner %s cannot be watched: the scan alone brings its news",
			name);
	return r;
}

/* A runner that finds other programs later registers anew under the same instance. */
static bool is_known(const struct registration *a, const struct registration *b)
{
	bool same = a->instance && strcmp(a->instance, b->instance) == 0 && a->slots == b->slots &&
		    a->memory == b->memory && a->software.count == b->software.count &&
		    a->freeze_ms == b->freeze_ms && is_same_word(a->freezer, b->freezer);

	for (size_t i = 0; same && i < a->software.count; i++)
		same = strcmp(a->software.items[i], b->software.items[i]) == 0;
	return same;
}

static void read_registration(struct coordinator *co, const char *name, const char *file)
{
	_cleanup_free_ char *text = NULL;
	struct registration reg = { 0 };
	struct runner *r;
	size_t len;
	int res = safefs_read(co->sp.place_fd[SPOOL_RUNNERS], file, RECORD_MAX_BYTES, &text, &len,
			      NULL);

	if (res == -EAGAIN) { /* somebody holds it for a moment */
		scan_within(co, 100);
		return;
	}
	if (res == 0)
		res = registration_parse(text, len, &reg);
	if (res != 0 || strcmp(reg.runner, name) != 0) {
		log_trouble(file, "runners/%s is left alone: it cannot be read as a registration",
			    file);
		registration_free(&reg);
		return;
	}
	log_mended(file);
	r = runners_find(co, name);
	if (r && is_known(&r->reg, &reg)) {
		registration_free(&reg);
		return;
	}
	if (!r && !(r = add_runner(co, name))) {
		registration_free(&reg);
		return;
	}
	log_info("runner %s: %s, %u slots, %s", name, reg.platform, reg.slots, reg.instance);
	registration_free(&r->reg);
	r->reg = reg;
	if (!silence_fits_lease(co, r)) {
		_cleanup_free_ char *misfit = silence_misfit(co, r);

		log_warn("runner %s gets no work: %s", name, misfit);
	}
	co->changes++;
	co->schedule_again = true;
	coordinator_turn_soon(co);
	tell_index(co, r);
	tickets_scan_inbox(co, r);
}

/* Is it there, and does it take work? */
static void review(struct coordinator *co, struct runner *r)
{
	bool present = r->beat.state && silence_is_present(co, r);
	bool open = present && takes_work(r) && silence_fits_lease(co, r);

	if (present == r->present && open == r->open)
		return;
	r->present = present;
	r->open = open;
	log_info("runner %s is %s", r->name,
		 open		  ? "present"
		 : !present	  ? "absent: no sign of life"
		 : is_unfit(r)	  ? "unfit: its machine has no room for scratch folders"
		 : !takes_work(r) ? "leaving"
				  : "present, but gets no work");
	co->changes++;
	co->schedule_again = true;
	tell_index(co, r);
	if (!open)
		tickets_withdraw_all(co, r);
	coordinator_turn_soon(co);
}

/* A moved counter is a sign of life; at our own start a fresh file is one, too. 0; -EBADMSG
 * damaged; other negative errno. */
static int read_beat(struct coordinator *co, struct runner *r, int dir)
{
	_cleanup_free_ char *file = xasprintf("%s.beat", r->name), *text = NULL;
	struct beat beat = { 0 };
	struct stat st;
	int64_t age;
	size_t len;
	bool first;
	int res = safefs_read(dir, file, RECORD_MAX_BYTES, &text, &len, &st);

	if (res < 0)
		return res;
	if (beat_parse(text, len, &beat) != RECORD_WHOLE) {
		beat_free(&beat);
		return -EBADMSG;
	}
	first = !r->beat.instance;
	if (!first && strcmp(beat.instance, r->beat.instance) == 0 &&
	    beat.counter == r->beat.counter) {
		beat_free(&beat);
		return 0;
	}
	beat_free(&r->beat);
	r->beat = beat;
	/* On SMB the stamp is of the client's clock, which may be ahead. */
	age = clock_wall_ms() - (int64_t)st.st_mtim.tv_sec * 1000;
	if (!first || (age < co->opt.lease && age > -co->opt.lease))
		silence_broken(co, r);
	review(co, r);
	return 0;
}

int runners_look_again(struct coordinator *co, struct runner *r)
{
	/* By path: on NFS that asks the server. */
	_cleanup_close_ int dir = safefs_open_dir(co->sp.fd, spool_place_name(SPOOL_RUNNERS));
	int res = dir < 0 ? dir : read_beat(co, r, dir);

	return dir >= 0 && (res == -ENOENT || res == -EBADMSG) ? 0 : res;
}

void runners_news(struct coordinator *co, const char *file)
{
	char name[SPOOL_RUNNER_MAX + 1];
	struct runner *r;

	if (split(file, ".conf", name, sizeof(name)))
		read_registration(co, name, file);
	else if (split(file, ".beat", name, sizeof(name)) && (r = runners_find(co, name)))
		(void)read_beat(co, r, co->sp.place_fd[SPOOL_RUNNERS]);
}

static int add_file(const char *name, unsigned char type, void *arg)
{
	(void)type;
	strlist_add(arg, name);
	return 0;
}

/* An inbox whose registration is gone or damaged may hold claims all the same: it is a runner that
 * is not there, and its jobs are not taken for missing. */
static int add_inbox(const char *name, unsigned char type, void *arg)
{
	struct coordinator *co = arg;

	(void)type;
	if (spool_is_runner_name(name) && !spool_is_readme(name) && !runners_find(co, name))
		(void)add_runner(co, name);
	return 0;
}

int runners_scan(struct coordinator *co)
{
	struct strlist files = { 0 };
	int r = spool_list(&co->sp, SPOOL_RUNNERS, add_file, &files);

	/* Registrations first: a beat means something only for a runner that is known. */
	for (int pass = 0; r == 0 && pass < 2; pass++)
		for (size_t i = 0; i < files.count; i++) {
			size_t len = strlen(files.items[i]);
			bool is_beat = len > 5 && strcmp(files.items[i] + len - 5, ".beat") == 0;

			if (is_beat == (pass == 1))
				runners_news(co, files.items[i]);
		}
	strlist_free(&files);
	if (r == 0)
		r = spool_list(&co->sp, SPOOL_CLAIMS, add_inbox, co);
	silence_listen(co);
	for (struct runner *runner = co->runners; runner; runner = runner->hh.next)
		review(co, runner);
	return r;
}

struct round {
	struct coordinator *co;
	bool whole;
};

static int note_unread(const char *name, unsigned char type, void *arg)
{
	struct round *round = arg;
	struct coordinator *co = round->co;
	const struct runner *r = runners_find(co, name);
	struct stat st;

	if (!spool_is_runner_name(name) || spool_is_readme(name) ||
	    (r && r->read_in_scan == co->scan_number))
		return 0;
	/* A file that somebody has left there holds no tickets. */
	if (type == DT_UNKNOWN && safefs_look(co->sp.place_fd[SPOOL_CLAIMS], name, &st) == 0)
		type = S_ISDIR(st.st_mode) ? DT_DIR : DT_REG;
	if (type == DT_DIR || type == DT_UNKNOWN)
		round->whole = false;
	return 0;
}

bool runners_all_read(struct coordinator *co)
{
	struct round round = { co, true };
	int r = spool_list(&co->sp, SPOOL_CLAIMS, note_unread, &round);

	if (r < 0)
		log_trouble("claims", "spool/claims cannot be read: %s", strerror(-r));
	return r == 0 && round.whole;
}

void runners_free(struct coordinator *co)
{
	struct runner *r, *next;

	HASH_ITER(hh, co->runners, r, next) {
		HASH_DEL(co->runners, r);
		close(r->inbox_fd);
		registration_free(&r->reg);
		beat_free(&r->beat);
		free(r->name);
		free(r);
	}
}
