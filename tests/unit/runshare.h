/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * runshare - a share with the inbox of a runner "r1" and offers in it; for tests that take the
 * runner's own steps in one process. fsync, write, pread and fstatat lie once if they are told to,
 * as a network does.
 */
#ifndef SPOOL_RUNSHARE_H
#define SPOOL_RUNSHARE_H

#include "../../runner/pass.h"

#include "manifest.h"
#include "newshare.h"
#include "record.h"
#include "ticket.h"

#include <errno.h>
#include <sys/syscall.h>

#define RID "r1-01234567-89abcdef"
#define FORMER "r1-01234567-00000000"

/* -- lies ---------------------------------------------------------------------------------------- */

/* The errno that the next call answers with, once; 0: the truth. */
static int fsync_lie, write_lie, pread_lie, fstatat_lie;
static int dup_lie;	    /* of F_DUPFD_CLOEXEC */
static unsigned dup_truths; /* calls before that one */
static unsigned fsyncs;

static inline bool lies(int *lie)
{
	errno = *lie;
	*lie = 0;
	return errno != 0;
}

int fsync(int fd)
{
	fsyncs++;
	return lies(&fsync_lie) ? -1 : (int)syscall(SYS_fsync, fd);
}

/* Half of it gets there before the trouble. */
ssize_t write(int fd, const void *buf, size_t len)
{
	if (fd > 2 && len > 1 && write_lie) {
		syscall(SYS_write, fd, buf, len / 2);
		lies(&write_lie);
		return -1;
	}
	return syscall(SYS_write, fd, buf, len);
}

/* Never gives more than seven bytes at once. */
ssize_t pread(int fd, void *buf, size_t len, off_t offset)
{
	return lies(&pread_lie) ? -1 : syscall(SYS_pread64, fd, buf, len > 7 ? 7 : len, offset);
}

int fstatat(int fd, const char *path, struct stat *st, int flags)
{
	return lies(&fstatat_lie) ? -1 : (int)syscall(SYS_newfstatat, fd, path, st, flags);
}

int fcntl(int fd, int command, ...)
{
	va_list ap;
	void *arg;

	va_start(ap, command);
	arg = va_arg(ap, void *);
	va_end(ap);
	if (command == F_DUPFD_CLOEXEC && dup_lie && dup_truths-- == 0 && lies(&dup_lie))
		return -1;
	return (int)syscall(SYS_fcntl, fd, command, arg);
}

/* -- the share ----------------------------------------------------------------------------------- */

struct runshare {
	struct newshare new;
	struct share share;
	struct scratch local;
};

static inline struct runshare *runshare_new(void)
{
	struct runshare *s = xcalloc(1, sizeof(*s));

	s->new = newshare_new();
	s->local = scratch_new();
	s->share = (struct share){
		.sp = s->new.sp,
		.name = "r1",
		.rid = RID,
		.slots = 4,
		.scratch_fd = s->local.fd,
		.scratch = s->local.path,
		.durable.whole.local = true,
		.unsealed = -1,
	};
	assert_int_equal(mkdirat(s->new.root.fd, "spool/claims/r1", 0700), 0);
	return s;
}

static inline void runshare_free(struct runshare *s)
{
	newshare_free(&s->new);
	scratch_free(&s->local);
	free(s);
}

static inline int runshare_set_up(void **state)
{
	*state = runshare_new();
	fsync_lie = write_lie = pread_lie = fstatat_lie = dup_lie = 0;
	return 0;
}

static inline int runshare_tear_down(void **state)
{
	runshare_free(*state);
	return 0;
}

/* The folder of attempt 1 of job id with its manifest, whose digest goes into hex. */
static inline void runshare_folder(struct runshare *s, uint64_t id, char *hex)
{
	char name[] = "sim", user[] = "eva";
	struct manifest m = { .id = id, .name = name, .user = user };
	char *path = xasprintf("spool/active/%u.1-sim/" SPOOL_MANIFEST, (unsigned)id), *text;
	size_t len;

	text = manifest_write(&m, &len);
	scratch_bytes(&s->new.root, path, text, len);
	memcpy(hex, m.digest, DIGEST_HEX_SIZE);
	free(text);
	free(path);
}

/* Its ticket, under this ending: "offer", "claim.<rid>". stamped: with a claim block in it. */
static inline void runshare_ticket(struct runshare *s, uint64_t id, const char *ending,
				   bool stamped)
{
	char hex[DIGEST_HEX_SIZE], name[] = "sim", user[] = "eva", program[] = "true";
	char runner[] = "r1", instance[] = RID;
	char *path = xasprintf("spool/claims/r1/%u.1.%s", (unsigned)id, ending), *text, *more;
	struct ticket t = { .id = id,
			    .attempt = 1,
			    .name = name,
			    .user = user,
			    .cores = 1,
			    .memory = 1 << 20,
			    .ttl_ms = 60000,
			    .manifest = hex,
			    .runner = runner,
			    .instance = instance,
			    .exit_code = -1 };
	size_t len, more_len;

	runshare_folder(s, id, hex);
	t.folder = xasprintf("active/%u.1-sim", (unsigned)id);
	t.command.program = program;
	t.queued_at = t.offered_at = t.claimed_at = 1700000000000;
	text = ticket_write_offer(&t, &len);
	assert_non_null(text);
	more = ticket_append_claim(text, len, &t, &more_len);
	text = xrealloc(text, len + more_len + 1, 1);
	memcpy(text + len, more, more_len);
	scratch_bytes(&s->new.root, path, text, stamped ? len + more_len : len);
	free(more);
	free(text);
	free(t.folder);
	free(path);
}

static inline bool runshare_has(struct runshare *s, const char *name)
{
	return faccessat(s->new.sp.place_fd[SPOOL_CLAIMS], name, F_OK, 0) == 0;
}

/* The blocks of a ticket in the inbox, -1 if it is not whole. */
static inline int runshare_blocks(struct runshare *s, const char *name)
{
	struct ticket t = { 0 };
	char *text = NULL;
	size_t len;
	int r;

	assert_int_equal(safefs_read(s->new.sp.place_fd[SPOOL_CLAIMS], name, 65536, &text, &len,
				     NULL),
			 0);
	r = ticket_parse(text, len, &t, NULL) == RECORD_WHOLE ? (int)t.blocks : -1;
	ticket_free(&t);
	free(text);
	return r;
}

/* -- passes -------------------------------------------------------------------------------------- */

/* A pass with four cores free for a runner that knows this job, or NULL. */
static inline struct pass *runshare_pass(struct runshare *s, struct job *job)
{
	struct pass *p = pass_new(&s->share, NULL);

	p->taking = true;
	p->free_cores = 4;
	p->known = xcalloc(1, sizeof(*p->known));
	if (!job)
		return p;
	p->known[p->known_count++] = (struct pass_known){
		.id = job->id,
		.attempt = job->attempt,
		.held = job->phase < JOB_ENDED,
	};
	if (job->phase == JOB_CLAIMED)
		pass_add_job(&p->unstamped, &p->unstamped_count, job);
	if (job->phase == JOB_WAITING)
		pass_add_job(&p->prepare, &p->prepare_count, job);
	if (job->phase == JOB_ENDED)
		pass_add_job(&p->finish, &p->finish_count, job);
	return p;
}

/* Makes the pass; the one job that it has claimed, or NULL. *ret_more as the pass said. */
static inline struct job *runshare_run(struct runshare *s, struct job *job, bool *ret_more)
{
	struct pass *p = runshare_pass(s, job);
	struct job *claimed;

	pass_run(p);
	assert_int_equal(p->result, 0);
	assert_true(p->looked_at > 0);
	assert_true(p->claimed_count <= 1);
	claimed = p->claimed_count ? p->claimed[0] : NULL;
	if (ret_more)
		*ret_more = p->more;
	pass_free(p);
	return claimed;
}

#endif
