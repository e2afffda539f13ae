/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guard - two coordinators at once would hand out one number twice; this file is what forbids it.
 *
 * On one machine: flock on <state>/spoold.lock, and on the folder spool/ itself where the share is
 * a local disk (two state folders). Between machines no lock of a network file system can be
 * believed: each coordinator replaces spool/coordinator every beat with its instance and a counter,
 * after reading it. Whoever finds another machine's file watches it for a whole lease before the
 * first write; whoever reads another instance than its own stops for good. The file is read in the
 * loop and replaced in a lane of its own: where a client that has read it falls silent, the server
 * lets the replacement wait (NFS delegations), up to 90 s.
 */
#include "guard.h"

#include "cfgfile.h"
#include "cleanup.h"
#include "clock.h"
#include "complaint.h"
#include "digest.h"
#include "log.h"
#include "machine.h"
#include "record.h"
#include "worker.h"
#include "xalloc.h"

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>

#define MAGIC "spool-coordinator 1"

static struct {
	int lock_fd, share_lock_fd;
	uint64_t counter;
	sd_event_source *timer;
	bool writing; /* a replacement is under way */
} guard = { .lock_fd = -1, .share_lock_fd = -1 };

/* What spool/coordinator says. */
struct sign {
	char *instance, *machine, *host, *counter;
};

static const struct cfgfile_key sign_keys[] = {
	{ "instance", CFGFILE_WORD, NULL }, { "machine", CFGFILE_WORD, NULL },
	{ "host", CFGFILE_WORD, NULL },	    { "pid", CFGFILE_WORD, NULL },
	{ "counter", CFGFILE_WORD, NULL },  { "at", CFGFILE_WORD, NULL },
	{ NULL, CFGFILE_WORD, NULL },
};
static const struct cfgfile_key top_keys[] = {
	{ "coordinator", CFGFILE_SECTION, sign_keys },
	{ NULL, CFGFILE_WORD, NULL },
};

static void sign_free(struct sign *s)
{
	free(s->instance);
	free(s->machine);
	free(s->host);
	free(s->counter);
	*s = (struct sign){ 0 };
}

static char *copy_word(const struct cfgfile *f, const char *key)
{
	const char *word = cfgfile_word(f, key);

	return xstrdup(word ? word : "");
}

/* 0; -ENOENT; -EBADMSG (torn: being replaced, or damaged); other negative errno. */
static int read_sign(struct coordinator *co, struct sign *ret)
{
	_cleanup_free_ char *text = NULL;
	struct complaint c = { 0 };
	struct cfgfile *f = NULL;
	size_t len, valid, body_len;
	const char *body;
	int r = safefs_read(co->sp.fd, SPOOL_COORDINATOR, RECORD_MAX_BYTES, &text, &len, NULL);

	if (r < 0)
		return r;
	if (record_check(text, len, MAGIC, &valid) != RECORD_WHOLE)
		return -EBADMSG;
	body = record_body(text, valid, &body_len);
	f = cfgfile_parse(SPOOL_COORDINATOR, body, body_len, top_keys, CFGFILE_RECORD, &c);
	complaint_free(&c);
	if (f && cfgfile_sections(f, "coordinator") == 1) {
		const struct cfgfile *s = cfgfile_section(f, "coordinator", 0);

		*ret = (struct sign){ copy_word(s, "instance"), copy_word(s, "machine"),
				      copy_word(s, "host"), copy_word(s, "counter") };
		r = 0;
	} else {
		r = -EBADMSG;
	}
	if (f)
		cfgfile_free(f);
	return r;
}

static int write_sign(struct coordinator *co)
{
	char stamp[CLOCK_STAMP_SIZE];
	_cleanup_free_ char *block = xasprintf("coordinator {\n  instance = \"%s\"\n  machine = "
					       "\"%s\"\n  host = \"%s\"\n  pid = \"%d\"\n"
					       "  counter = \"%" PRIu64 "\"\n  at = \"%s\"\n}\n",
					       co->instance, machine_id(), machine_name(),
					       (int)getpid(), ++guard.counter,
					       clock_stamp(clock_wall_ms(), stamp));
	_cleanup_free_ char *text = NULL;
	size_t len;

	text = record_append("", 0, MAGIC, block, &len);
	return safefs_replace(co->sp.fd, SPOOL_COORDINATOR, text, len, 0644, false);
}

/* -- at start ------------------------------------------------------------------------------------ */

static int lock(int fd, const char *what, char **ret_why)
{
	if (fd < 0) {
		*ret_why = xasprintf("%s cannot be opened: %s", what, strerror(errno));
		return -errno;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		*ret_why = xasprintf(
			"another spoold is at work on this spool (%s is locked): one is enough",
			what);
		return -EBUSY;
	}
	return 0;
}

static int take_locks(struct coordinator *co, char **ret_why)
{
	_cleanup_free_ char *path = xasprintf("%s/spoold.lock", co->state_dir);
	int r;

	guard.lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	r = lock(guard.lock_fd, path, ret_why);
	if (r < 0 || co->sp.kind != SAFEFS_LOCAL)
		return r;
	guard.share_lock_fd = safefs_open_dir(co->sp.root_fd, "spool");
	return lock(guard.share_lock_fd, "the folder spool/ of the share", ret_why);
}

/* A pause. true: a signal says that we are to end; it was blocked at start. */
static bool rest(int64_t ms)
{
	const struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	return sigtimedwait(&set, NULL, &ts) > 0;
}

/* Another machine's coordinator was here: is it still? */
static int watch_the_other(struct coordinator *co, const struct sign *before, char **ret_why)
{
	int64_t until = clock_boot_ms() + co->opt.lease;

	log_info("the last coordinator ran on %s: watching its sign for %lld s before taking over",
		 before->host, (long long)(co->opt.lease / 1000));
	while (clock_boot_ms() < until) {
		struct sign now = { 0 };
		bool moved;
		int r;

		if (rest(500)) {
			*ret_why = xstrdup("told to stop before it began");
			return -ECANCELED;
		}
		r = read_sign(co, &now);
		moved = r == 0 && (strcmp(now.counter, before->counter) != 0 ||
				   strcmp(now.instance, before->instance) != 0);
		sign_free(&now);
		if (moved) {
			*ret_why = xasprintf("a coordinator is at work on host %s: stop it first, "
					     "or start spoold there",
					     before->host);
			return -EBUSY;
		}
	}
	return 0;
}

int guard_take(struct coordinator *co, char **ret_why)
{
	struct sign before = { 0 };
	char nonce[9];
	int r = take_locks(co, ret_why);

	if (r < 0)
		return r;
	digest_nonce(nonce, 8);
	snprintf(co->instance, sizeof(co->instance), "spoold-%.8s-%s", clock_boot_id(), nonce);
	r = read_sign(co, &before);
	if (r == 0 && strcmp(before.machine, machine_id()) != 0)
		r = watch_the_other(co, &before, ret_why);
	else
		r = 0;
	sign_free(&before);
	if (r == 0) {
		r = write_sign(co);
		if (r < 0)
			*ret_why = xasprintf("spool/coordinator cannot be written: %s",
					     strerror(-r));
	}
	return r;
}

/* -- while running ------------------------------------------------------------------------------- */

static int write_in_lane(void *arg)
{
	return write_sign(arg);
}

static void written(void *arg, int result)
{
	(void)arg;
	guard.writing = false;
	if (result < 0)
		log_trouble("guard", "spool/coordinator cannot be written: %s", strerror(-result));
	else
		log_mended("guard");
}

static int on_beat(sd_event_source *source, uint64_t usec, void *arg)
{
	struct coordinator *co = arg;
	struct sign now = { 0 };
	int r = read_sign(co, &now);

	(void)usec;
	if (r == 0 && strcmp(now.instance, co->instance) != 0) {
		log_error("another coordinator (%s on %s) has taken over: stopping for good",
			  now.instance, now.host);
		sign_free(&now);
		coordinator_stop(co, 1);
		return 0;
	}
	sign_free(&now);
	if (!guard.writing) {
		guard.writing = true;
		worker_submit(co->sign_lane, write_in_lane, written, co);
	}
	sd_event_source_set_time_relative(source, (uint64_t)co->opt.beat * 1000);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

int guard_start(struct coordinator *co)
{
	int r = sd_event_add_time_relative(co->event, &guard.timer, CLOCK_BOOTTIME,
					   (uint64_t)co->opt.beat * 1000, 100000, on_beat, co);

	return r < 0 ? r : 0;
}

void guard_release(struct coordinator *co)
{
	(void)co;
	sd_event_source_unref(guard.timer);
	if (guard.share_lock_fd >= 0)
		close(guard.share_lock_fd);
	if (guard.lock_fd >= 0)
		close(guard.lock_fd);
}
