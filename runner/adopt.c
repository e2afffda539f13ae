/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * adopt - jobs that go on, or have ended, after the daemon that started them was killed.
 *
 * The launcher has kept them; a new daemon of the same name takes over launcher, lock and instance,
 * and with the instance the claims. adopt_launcher asks for that, adopt_jobs hears which jobs there
 * are; adopt_read, a step of the pass, finds on the share what the former daemon knew of them: the
 * ticket, and of the folder its number and what was in it. The manifest says the latter; if the job
 * has spoiled it, all that lies there counts as a result. Changes nothing. A crash leaves the
 * launcher alone again.
 */
#include "adopt.h"

#include "cleanup.h"
#include "clock.h"
#include "folder.h"
#include "lock.h"
#include "log.h"
#include "manifest.h"
#include "pass.h"
#include "record.h"
#include "runner.h"
#include "streams.h"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWER_MS 1000 /* a launcher waits for nothing, so it answers at once */

/* -- at start ------------------------------------------------------------------------------------ */

/* One packet within the time. Its length; 0: the other end is closed; negative errno. */
static ssize_t hear(int sock, void *packet, size_t size, int *fds)
{
	struct pollfd p = { .fd = sock, .events = POLLIN };

	if (poll(&p, 1, ANSWER_MS) != 1)
		return -ETIME;
	return message_receive(sock, packet, size, fds, 0);
}

static void close_all(const int *fds)
{
	for (int i = 0; i < MESSAGE_MAX_FDS; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

int adopt_hello(int launcher, struct message_hello *ret)
{
	int fds[MESSAGE_MAX_FDS];
	ssize_t len = hear(launcher, ret, sizeof(*ret), fds);

	return len > 0 && message_type(ret, (size_t)len) == MESSAGE_HELLO ? 0 : -ETIME;
}

int adopt_launcher(int sock, struct message_hello *ret, struct lock *lock)
{
	int fds[MESSAGE_MAX_FDS] = { -1, -1, -1 };
	ssize_t len;

	if (message_send_plain(sock, MESSAGE_ADOPT, MSG_DONTWAIT) < 0)
		return -ENOENT;
	len = hear(sock, ret, sizeof(*ret), fds);
	if (len <= 0 || message_type(ret, (size_t)len) != MESSAGE_HELLO || fds[1] < 0 ||
	    ret->version != MESSAGE_VERSION) {
		/* A daemon hangs up. A launcher of another version must end what it has. */
		if (len > 0)
			message_send_plain(sock, MESSAGE_END, MSG_DONTWAIT);
		close_all(fds);
		return -ENOENT;
	}
	lock->fds[0] = fds[0];
	lock->fds[1] = fds[1];
	return 0;
}

static struct job *new_job(struct runner *r, uint64_t tag)
{
	struct job *job = job_new(tag >> JOB_ATTEMPT_BITS, (unsigned)(tag & (JOB_ATTEMPTS - 1)));

	job->unread = true;
	job->scratch = true;
	job->phase = JOB_RUNNING;
	TAILQ_INSERT_TAIL(&r->jobs, job, link);
	return job;
}

/* How it was to be ended, if it was. */
static void note_stop(struct job *job, enum message_why why)
{
	if (why != WHY_CANCEL && why != WHY_EVICT)
		return;
	job->stop = why;
	job->stop_way = why == WHY_EVICT ? WAY_BACK : WAY_DONE;
	if (why == WHY_CANCEL)
		job->cancel_reason = xstrdup("cancelled");
}

static void take(struct runner *r, const void *packet, size_t len)
{
	struct message_report report;
	struct message_tag runs;
	struct job *job;

	if (message_type(packet, len) == MESSAGE_RUNS) {
		memcpy(&runs, packet, sizeof(runs));
		job = new_job(r, runs.tag);
		note_stop(job, runs.why);
	} else if (message_type(packet, len) == MESSAGE_REPORT) {
		memcpy(&report, packet, sizeof(report));
		job = new_job(r, report.tag);
		note_stop(job, report.why);
		job->report = report;
		job->phase = JOB_ENDED;
		job->way = report.why == WHY_EVICT || report.step == STEP_LEASE ? WAY_BACK
										: WAY_DONE;
	}
}

int adopt_jobs(struct runner *r, uint32_t count)
{
	union {
		struct message_tag runs;
		struct message_report report;
	} packet;
	int fds[MESSAGE_MAX_FDS];

	for (uint32_t i = 0; i < count; i++) {
		ssize_t len = hear(r->launcher, &packet, sizeof(packet), fds);

		if (len <= 0)
			return -ETIME;
		take(r, &packet, (size_t)len);
	}
	return 0;
}

/* -- in the pass ---------------------------------------------------------------------------------- */

/* The ticket as the former daemon had it: offer and claim. 0; -EBADMSG; other negative errno. */
static int read_ticket(struct pass *p, struct job *job)
{
	char name[SPOOL_TICKET_SIZE];
	_cleanup_free_ char *text = NULL;
	size_t len, valid;
	int r;

	spool_ticket_name(name, job->id, job->attempt, SPOOL_TICKET_CLAIM, p->share->rid);
	r = safefs_read(p->inbox, name, RECORD_MAX_BYTES, &text, &len, NULL);
	if (r < 0)
		return r;
	ticket_free(&job->ticket);
	r = ticket_parse(text, len, &job->ticket, &valid);
	if (r == RECORD_FOREIGN || r < 0 || !(job->ticket.blocks & TICKET_CLAIM) ||
	    job->ticket.id != job->id || job->ticket.attempt != job->attempt)
		return -EBADMSG;
	job->tried = true; /* what stands behind it is written anew */
	job->text_len = ticket_before_outcome(text, valid);
	free(job->text);
	job->text = text;
	text = NULL;
	return 0;
}

static void reopen_streams(struct pass *p, struct job *job, int folder)
{
	for (int i = 0; p->share->sp.kind == SAFEFS_NFS && i < STREAMS; i++) {
		int fd = job->streams[i] >= 0 ? -1 : safefs_open_to_sync(folder, streams_name(i));

		if (fd >= 0)
			job->streams[i] = fd;
	}
}

/* What was in the folder before the start. 0, or negative errno: again later. */
static int read_folder(struct pass *p, struct job *job)
{
	_cleanup_close_ int folder = folder_open(p->share->sp.fd, job);
	struct manifest m = { 0 };
	struct stat st;
	int r = folder < 0 ? folder : folder_check(folder, job);

	if (r == 0)
		r = manifest_read(folder, false, &m);
	if (r == 0 && fstat(folder, &st) == 0) {
		job->inode = st.st_ino;
		tree_free(&job->before);
		manifest_give_tree(&m, &job->before);
		reopen_streams(p, job, folder);
	}
	manifest_free(&m);
	return r < 0 && folder_judge(p->share->sp.fd, job, r) == FOLDER_LATER ? r : 0;
}

static int adopt(struct pass *p, struct job *job)
{
	int r = read_ticket(p, job);

	if (r == -ENOENT && job->phase == JOB_ENDED) { /* only the launcher does not know it */
		log_info("%s: adopted: its end was told before the former daemon was killed",
			 job->label);
		job->unread = false;
		job->way = WAY_DROP;
		return 0;
	}
	if (r == 0)
		r = read_folder(p, job);
	if (r == -ENOENT) /* its claim is gone: the look has told the loop, which ends it */
		return 0;
	if (r == -EBADMSG) { /* whatever it is, it is not what was claimed */
		log_warn("%s: the ticket of this job, which still runs, is damaged: given back",
			 job->label);
		job->unread = false;
		job->way = WAY_BACK; /* the loop ends it */
		return 0;
	}
	if (r < 0)
		return r;
	job->unread = false;
	log_info("%s: adopted: it %s while no daemon was here", job->label,
		 job->phase == JOB_ENDED ? "has ended" : "went on");
	return 0;
}

int adopt_read(struct pass *p)
{
	int r = p->adopted_count > 0 ? pass_inbox(p) : 0;

	for (size_t i = 0; r >= 0 && i < p->adopted_count; i++) {
		int error = adopt(p, p->adopted[i]);

		if (error == 0)
			continue;
		p->more = true;
		log_trouble("adopt", "%s cannot be adopted yet: %s", p->adopted[i]->label,
			    strerror(-error));
	}
	return r < 0 ? r : 0;
}
