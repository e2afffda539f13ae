/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guard - two coordinators at once would hand out one number twice; this file is what forbids it.
 *
 * Locks: flock on <state>/spoold.lock, and on spool/ itself where the share is a local disk.
 * Between machines no lock of a network file system can be believed, so there is the sign, the file
 * spool/coordinator. The rules are those of tests/model/guard.pml, which tries every order:
 *
 * 1. Who starts reads the sign and watches it for a lease (watch_sign); if it changes, it ends.
 * 2. The first write replaces the file and says "no" to at_work. Once it is acknowledged nothing is
 *    written for a lease (PAUSE: lease/2 for the other's permission, lease/2 for its longest turn).
 *    Only who then reads its own name goes on with 3.
 * 3. A beat reads the sign by name, then writes it anew into the file that we made (where another
 *    has replaced that, the write hits nothing), now with at_work = "yes". It permits moving for
 *    lease/2, from before the look; main.c asks before each step of a turn (guard_holds).
 * 4. Who reads another's name stops for good. Who reads none (removed by hand) begins with 2.
 * 5. Short cuts, without watch and pause, if the first write is acknowledged within lease/2 of the
 *    look: over a sign "at work" whose writer held the lock that we hold now, on this machine: so
 *    it is dead, and nobody else has begun, or the sign would be his. And where it is we who remove
 *    spool/unused, which init makes: nobody writes a sign before it is gone.
 *
 * So a restart is instant, on a local disk and elsewhere, if the last spoold here had come to work.
 * A torn sign tells nothing and is read again. Our file stays open for writing, so that the server
 * lends it to no client (NFS delegations). A crash before at_work makes the next start slow (1, 2).
 */
#include "guard.h"

#include "cleanup.h"
#include "clock.h"
#include "digest.h"
#include "log.h"
#include "machine.h"
#include "sign.h"
#include "worker.h"
#include "xalloc.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>

#define PAUSE(co) ((co)->opt.lease)
#define PERMIT(co) ((co)->opt.lease / 2)
#define SIGN "the sign of life in spool/coordinator"

enum { BEGUN_ANEW = 2 }; /* there was no sign: another first write, so rule 2 */

static struct {
	int lock_fd, share_lock_fd;
	char lock[DIGEST_HEX_SIZE]; /* which lock it is that no two can hold */
	int sign_fd;	 /* spool/coordinator, open for writing; used by whoever writes */
	int64_t begun;	 /* boot ms, when the last write was begun */
	int64_t renewed; /* the same, of the last one that succeeded */
	int64_t paused;	 /* boot ms until which rule 2 forbids all; 0: not at all */
	sd_event_source *timer;
	bool writing; /* one is under way */
} guard = { .lock_fd = -1, .share_lock_fd = -1, .sign_fd = -1 };

/* What a network mount has taken is not on the server yet. */
static int send(const struct coordinator *co, int fd)
{
	return co->sp.kind != SAFEFS_LOCAL && fsync(fd) < 0 ? -errno : 0;
}

/* The first write: a new file takes the place of whatever is there. */
static int replace_sign(struct coordinator *co)
{
	static const char tmp[] = SPOOL_TMP SPOOL_COORDINATOR;
	_cleanup_free_ char *text = NULL;
	int fd = -1, r;
	size_t len;

	text = sign_text(co->instance, guard.lock, false, &len);
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
	r = sign_read(&co->sp, &now);
	if (r == 0 && strcmp(now.instance, co->instance) != 0)
		r = SAFEFS_LOST;
	else if (r == 0 && !same) /* a copy of ours, put back by hand */
		r = -ENOENT;
	else if (r == -EBADMSG && same)
		r = 0;
	sign_free(&now);
	return r;
}

/* A beat, in the lane. 0; BEGUN_ANEW; SAFEFS_LOST: another has taken over; negative errno. */
static int renew_sign(struct coordinator *co)
{
	int r = look_at_sign(co);
	_cleanup_free_ char *text = NULL;
	ssize_t written;
	size_t len;

	if (r == -ENOENT) {
		r = replace_sign(co);
		return r < 0 ? r : BEGUN_ANEW;
	}
	if (r != 0)
		return r;
	text = sign_text(co->instance, guard.lock, true, &len);
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

/* On a local disk all spoold of this machine share one lock, that on spool/; else there is that of
 * a state folder, which is a file, whatever its path. */
static int name_lock(const struct coordinator *co)
{
	_cleanup_free_ char *real = realpath(co->state_dir, NULL), *text = NULL;
	struct stat st;

	if (co->sp.kind == SAFEFS_LOCAL) {
		snprintf(guard.lock, sizeof(guard.lock), "share");
		return 0;
	}
	if (!real || fstat(guard.lock_fd, &st) < 0)
		return -errno;
	text = xasprintf("%s %ju", real, (uintmax_t)st.st_ino);
	digest_buffer(text, strlen(text), guard.lock);
	guard.lock[16] = '\0';
	return 0;
}

/* 0; -ECANCELED: a signal says that we are to end; it was blocked at start. */
static int rest(int64_t ms, char **ret_why)
{
	const struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	if (sigtimedwait(&set, NULL, &ts) <= 0)
		return 0;
	*ret_why = xstrdup("told to stop before it began");
	return -ECANCELED;
}

static bool same_sign(const struct sign *a, const struct sign *b)
{
	return strcmp(a->counter, b->counter) == 0 && strcmp(a->instance, b->instance) == 0;
}

/* was and r: what reading has answered before and now. 0: it is as before; 1: it is not, but nobody
 * was seen to write: it has to be watched anew; -EBUSY with *ret_why. */
static int compare_signs(struct sign *before, int *was, struct sign *now, int r, char **ret_why)
{
	if (r == *was && (r != 0 || same_sign(before, now)))
		return 0;
	if (r == 0 && (*was == 0 || *was == -ENOENT)) {
		*ret_why = xasprintf("a coordinator is at work on host %s: stop it first, or start "
				     "spoold there",
				     now->host);
		return -EBUSY;
	}
	sign_free(before);
	*before = *now;
	*now = (struct sign){ 0 };
	*was = r;
	return 1;
}

/* Rule 1. was: what reading before has answered. 0, or negative errno with *ret_why. */
static int watch_sign(struct coordinator *co, struct sign *before, int was, char **ret_why)
{
	int64_t until = clock_boot_ms() + co->opt.lease;
	long long seconds = co->opt.lease / 1000;
	int r = 0;

	if (was == 0)
		log_info("the last coordinator ran on %s: watching its sign for %lld s before "
			 "taking over",
			 before->host, seconds);
	else
		log_info("spool/coordinator %s: watching for another coordinator for %lld s",
			 was == -ENOENT ? "is missing" : "cannot be read", seconds);
	while (r >= 0 && clock_boot_ms() < until) {
		struct sign now = { 0 };

		r = rest(co->opt.lease < 2000 ? co->opt.lease / 4 : 500, ret_why);
		if (r < 0)
			break;
		r = compare_signs(before, &was, &now, sign_read(&co->sp, &now), ret_why);
		sign_free(&now);
		if (r == 1)
			until = clock_boot_ms() + co->opt.lease;
	}
	return r < 0 ? r : 0;
}

/* 0: it was there, so nobody has written a sign yet; -ENOENT; other negative errno. */
static int take_unused(struct coordinator *co)
{
	if (unlinkat(co->sp.fd, SPOOL_UNUSED, 0) < 0)
		return -errno;
	return safefs_sync(co->sp.fd);
}

/* Rule 5. was: what reading before has answered. 1: there is a short cut; 0; negative errno. */
static int find_short_cut(struct coordinator *co, const struct sign *before, int was)
{
	int r;

	if (was == 0)
		return before->at_work && strcmp(before->machine, machine_id()) == 0 &&
		       strcmp(before->lock, guard.lock) == 0;
	if (was != -ENOENT)
		return 0;
	r = take_unused(co);
	return r == 0 ? 1 : r == -ENOENT ? 0 : r;
}

/* The beat that ends the start: from then on the sign says "at work". As renew_sign. */
static int first_beat(struct coordinator *co, char **ret_why)
{
	int r = 0;

	for (int i = 0; i < 10; i++) {
		guard.renewed = clock_boot_ms();
		r = renew_sign(co);
		if (r != -EBADMSG)
			break;
		r = rest(50, ret_why);
		if (r < 0)
			return r;
		r = -EBADMSG;
	}
	if (r == SAFEFS_LOST) {
		*ret_why = xstrdup("another coordinator has begun meanwhile, says "
				   "spool/coordinator: one is enough");
		r = -EBUSY;
	}
	return r;
}

/* Rule 2, from a first write on that may be the short cut that looked at a certain time. */
static int begin(struct coordinator *co, bool short_cut, int64_t looked, char **ret_why)
{
	int r = replace_sign(co);
	bool quick = short_cut && clock_boot_ms() - looked < PERMIT(co);

	if (r == 0)
		r = BEGUN_ANEW;
	while (r == BEGUN_ANEW) {
		if (!quick) {
			log_info("waiting %lld s more, so that whoever might still be at work "
				 "sees spool/coordinator and stops",
				 (long long)PAUSE(co) / 1000);
			r = rest(PAUSE(co), ret_why);
			if (r < 0)
				break;
		}
		quick = false;
		r = first_beat(co, ret_why);
	}
	return r;
}

/* Rules 1, 2 and 5. */
static int take_over(struct coordinator *co, char **ret_why)
{
	struct sign before = { 0 };
	int64_t looked = clock_boot_ms();
	int was = sign_read(&co->sp, &before), r, short_cut;

	for (int i = 0; was == -EBADMSG && i < 10; i++) { /* it is being rewritten */
		r = rest(50, ret_why);
		if (r < 0)
			return r;
		looked = clock_boot_ms();
		was = sign_read(&co->sp, &before);
	}
	r = short_cut = find_short_cut(co, &before, was);
	if (r == 0)
		r = watch_sign(co, &before, was, ret_why);
	if (r == 0)
		r = take_unused(co);
	sign_free(&before);
	return r < 0 && r != -ENOENT ? r : begin(co, short_cut == 1, looked, ret_why);
}

int guard_take(struct coordinator *co, char **ret_why)
{
	char nonce[9];
	int r = take_locks(co, ret_why);

	if (r == 0)
		r = name_lock(co);
	if (r == 0) {
		digest_nonce(nonce, 8);
		snprintf(co->instance, sizeof(co->instance), "spoold-%.8s-%s", clock_boot_id(),
			 nonce);
		r = take_over(co, ret_why);
	}
	if (r < 0 && !*ret_why)
		*ret_why = xasprintf("spool/coordinator cannot be written: %s", strerror(-r));
	return r;
}

/* -- while running ------------------------------------------------------------------------------- */

static void stop_if_taken_over(struct coordinator *co)
{
	struct sign now = { 0 };

	if (sign_read(&co->sp, &now) == 0 && strcmp(now.instance, co->instance) != 0) {
		log_error("another coordinator (%s on %s) has taken over: stopping for good",
			  now.instance, now.host);
		coordinator_stop(co, 1);
	}
	sign_free(&now);
}

bool guard_holds(const struct coordinator *co)
{
	int64_t most = PERMIT(co);

	if (guard.paused)
		return false;
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
	if (result == BEGUN_ANEW) {
		guard.paused = clock_boot_ms() + PAUSE(co);
		log_warn("spool/coordinator was missing: it is written anew, and nothing is moved "
			 "for %lld s, because another coordinator may have begun",
			 (long long)PAUSE(co) / 1000);
	}
	if (result != 0)
		return;
	guard.paused = 0;
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
	if (!guard.writing && clock_boot_ms() >= guard.paused) {
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
