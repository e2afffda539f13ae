/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guard - two coordinators at once would hand out one number twice; this file is what forbids it.
 *
 * On one machine: flock on <state>/spoold.lock, and on the folder spool/ itself where the share is
 * a local disk (two state folders). Between machines no lock of a network file system can be
 * believed: each coordinator writes its instance and a counter into spool/coordinator every beat,
 * after reading it. Whoever finds another machine's file watches it for a whole lease before the
 * first write; whoever reads another instance than its own stops for good; whoever could not write
 * for half a lease moves nothing until it has.
 *
 * The file is replaced at start and rewritten in place from then on: as long as we hold it open for
 * writing the server lends it to no client (NFS delegations), so that no silent one makes us wait.
 * It is read in the loop and written in a lane of its own.
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
#define COUNTER_WIDTH 20 /* so that every record has one length */
#define SIGN "the sign of life in spool/coordinator"

static struct {
	int lock_fd, share_lock_fd;
	int sign_fd; /* spool/coordinator, open for writing; used by whoever writes */
	uint64_t counter;
	int64_t begun;	 /* boot ms, when the last write was begun */
	int64_t renewed; /* the same, of the last one that succeeded */
	sd_event_source *timer;
	bool writing; /* one is under way */
} guard = { .lock_fd = -1, .share_lock_fd = -1, .sign_fd = -1 };

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

static char *sign_text(const struct coordinator *co, size_t *ret_len)
{
	char stamp[CLOCK_STAMP_SIZE];
	_cleanup_free_ char *counter = xasprintf("%" PRIu64 "\"", ++guard.counter);
	_cleanup_free_ char *block = xasprintf("coordinator {\n  instance = \"%s\"\n  machine = "
					       "\"%s\"\n  host = \"%s\"\n  pid = \"%d\"\n"
					       "  counter = \"%-*s\n  at = \"%s\"\n}\n",
					       co->instance, machine_id(), machine_name(),
					       (int)getpid(), COUNTER_WIDTH + 1, counter,
					       clock_stamp(clock_wall_ms(), stamp));

	return record_append("", 0, MAGIC, block, ret_len);
}

/* What a network mount has taken is not on the server yet. */
static int send(const struct coordinator *co, int fd)
{
	return co->sp.kind != SAFEFS_LOCAL && fsync(fd) < 0 ? -errno : 0;
}

/* A new file takes the place of whatever is there. */
static int replace_sign(struct coordinator *co)
{
	static const char tmp[] = SPOOL_TMP SPOOL_COORDINATOR;
	_cleanup_free_ char *text = NULL;
	int fd = -1, r;
	size_t len;

	text = sign_text(co, &len);
	if (unlinkat(co->sp.fd, tmp, 0) < 0 && errno != ENOENT)
		return -errno;
	r = safefs_create(co->sp.fd, tmp, text, len, 0644, &fd);
	if (r < 0)
		return r;
	r = send(co, fd);
	if (r == 0 && renameat(co->sp.fd, tmp, co->sp.fd, SPOOL_COORDINATOR) < 0)
		r = -errno;
	if (r < 0) {
		close(fd);
		return r;
	}
	if (guard.sign_fd >= 0)
		close(guard.sign_fd);
	guard.sign_fd = fd;
	return 0;
}

/* Is the name still our file's? 0; -ENOENT: there is none; SAFEFS_LOST: another's; other negative
 * errno. */
static int look_at_sign(struct coordinator *co)
{
	struct sign now = { 0 };
	struct stat named, own;
	bool same;
	int r = safefs_look(co->sp.fd, SPOOL_COORDINATOR, &named);

	if (r < 0)
		return r;
	if (fstat(guard.sign_fd, &own) < 0)
		return -errno;
	same = named.st_ino == own.st_ino && named.st_dev == own.st_dev;
	r = read_sign(co, &now);
	if (r == 0 && strcmp(now.instance, co->instance) != 0)
		r = SAFEFS_LOST;
	else if (r == 0 && !same) /* a copy of ours, put back by hand */
		r = -ENOENT;
	else if (r == -EBADMSG && same)
		r = 0;
	sign_free(&now);
	return r;
}

/* In the lane. 0; SAFEFS_LOST: another has taken over; negative errno. */
static int renew_sign(struct coordinator *co)
{
	int r = look_at_sign(co);
	_cleanup_free_ char *text = NULL;
	ssize_t written;
	size_t len;

	if (r == -ENOENT)
		return replace_sign(co);
	if (r != 0)
		return r;
	text = sign_text(co, &len);
	written = pwrite(guard.sign_fd, text, len, 0);
	if (written != (ssize_t)len)
		return written < 0 ? -errno : -ENOSPC;
	return send(co, guard.sign_fd);
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
	for (int i = 0; (r = read_sign(co, &before)) == -EBADMSG && i < 10; i++)
		rest(50); /* it is being rewritten */
	if (r == 0 && strcmp(before.machine, machine_id()) != 0)
		r = watch_the_other(co, &before, ret_why);
	else
		r = 0;
	sign_free(&before);
	if (r == 0) {
		guard.renewed = clock_boot_ms();
		r = replace_sign(co);
		if (r < 0)
			*ret_why = xasprintf("spool/coordinator cannot be written: %s",
					     strerror(-r));
	}
	return r;
}

/* -- while running ------------------------------------------------------------------------------- */

static void stop_if_taken_over(struct coordinator *co)
{
	struct sign now = { 0 };

	if (read_sign(co, &now) == 0 && strcmp(now.instance, co->instance) != 0) {
		log_error("another coordinator (%s on %s) has taken over: stopping for good",
			  now.instance, now.host);
		coordinator_stop(co, 1);
	}
	sign_free(&now);
}

bool guard_holds(const struct coordinator *co)
{
	int64_t most = co->opt.lease / 2;

	if (clock_boot_ms() - guard.renewed < most)
		return true;
	log_trouble(SIGN,
		    "spool/coordinator could not be renewed for %.1f s: nothing is moved until it "
		    "is, because another coordinator may have taken over",
		    (double)most / 1000);
	return false;
}

static int renew_in_lane(void *arg)
{
	return renew_sign(arg);
}

static void renewed(void *arg, int result)
{
	struct coordinator *co = arg;

	guard.writing = false;
	if (result < 0)
		log_trouble("guard", "spool/coordinator cannot be written: %s", strerror(-result));
	if (result == SAFEFS_LOST)
		stop_if_taken_over(co);
	if (result != 0)
		return;
	guard.renewed = guard.begun;
	log_mended("guard");
	log_mended(SIGN);
	coordinator_turn_soon(co); /* the last one may have had to leave all as it was */
}

static int on_beat(sd_event_source *source, uint64_t usec, void *arg)
{
	struct coordinator *co = arg;

	(void)usec;
	stop_if_taken_over(co);
	if (co->stopping)
		return 0;
	if (!guard.writing) {
		guard.writing = true;
		guard.begun = clock_boot_ms();
		worker_submit(co->sign_lane, renew_in_lane, renewed, co);
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
	if (guard.sign_fd >= 0)
		close(guard.sign_fd);
	if (guard.share_lock_fd >= 0)
		close(guard.share_lock_fd);
	if (guard.lock_fd >= 0)
		close(guard.lock_fd);
}
