/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * run - from a ticket to the packet that starts it.
 *
 * Before: the claim is durable. After: the job is ready: its folder is open, is what the ticket
 * says (the digest of its manifest), and what lies in it has been noted; stdout.txt, stderr.txt and
 * its scratch folder are there; program, arguments and environment are settled. Or it has ended
 * with the reason why it cannot start. Or the share is in trouble, and it goes on waiting. Nothing
 * of the environment is ours: it is built from nothing (spool.7). A crash leaves the claim, an
 * empty scratch folder, and empty streams.
 */
#include "pass.h"

#include "cleanup.h"
#include "clock.h"
#include "complaint.h"
#include "folder.h"
#include "log.h"
#include "software.h"
#include "streams.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define TRIAL "trial" /* no job's label */

/* -- the folder ---------------------------------------------------------------------------------- */

/* Nothing is known of the job: the share is in trouble, or shut. It goes on waiting. */
static void wait_for_share(struct pass *p, const struct job *job, int error)
{
	log_trouble("starts", "%s cannot start now: %s%s", job->label, strerror(-error),
		    safefs_is_full(error) ? "; it waits until the share has room for it" : "");
	p->more = true;
}

static char *why_folder(int r, struct complaint *c)
{
	if (r == COMPLAINT)
		return complaint_line(c);
	if (r == -EBADMSG)
		return xstrdup(
			"its folder is not the one that was admitted: .spool-manifest is missing "
			"or another");
	return xasprintf("its folder cannot be opened: %s", strerror(-r));
}

/* The job cannot start by this error, or not now. why (owned) is for an error that will not pass.
 */
static void take_error(struct pass *p, struct job *job, int error, char *why)
{
	switch (error < 0 ? folder_judge(p->share->sp.fd, job, error) : FOLDER_BAD) {
	case FOLDER_GONE:
		job_fail(job, xstrdup("its folder was removed before it could start"), true);
		break;
	case FOLDER_LATER:
		wait_for_share(p, job, error);
		break;
	case FOLDER_BAD:
	default:
		job_fail(job, why, false);
		return;
	}
	free(why);
}

/* Is it the folder that was admitted, and what is in it? 0, COMPLAINT, or negative errno. */
static int look_into(struct pass *p, struct job *job, int folder, struct complaint *c)
{
	struct stat st;
	int r = folder_check(folder, job);

	/* Its manifest is missing: because it is being removed just now? */
	if (r == -ENOENT && folder_judge(p->share->sp.fd, job, r) != FOLDER_GONE)
		r = -EBADMSG;
	if (r == 0)
		r = fstat(folder, &st) < 0 ? -errno : 0;
	if (r == 0) {
		job->inode = st.st_ino;
		tree_free(&job->before);
		r = tree_look(folder, &job->before, c);
	}
	return r;
}

/* Descriptor of the folder, -1 if the job cannot start, or not now. */
static int open_folder(struct pass *p, struct job *job)
{
	int folder = folder_open(p->share->sp.fd, job);
	struct complaint c = { 0 };
	int r = folder < 0 ? folder : look_into(p, job, folder, &c);

	if (r != 0) {
		take_error(p, job, r, why_folder(r, &c));
		if (folder >= 0)
			close(folder);
		folder = -1;
	}
	complaint_free(&c);
	return folder;
}

static bool make_streams(struct pass *p, struct job *job, int folder)
{
	int which, r = streams_make(job, folder, p->share->sp.kind, &which);

	if (r < 0)
		take_error(p, job, r,
			   xasprintf("cannot start %s: %s cannot be made: %s",
				     job->ticket.command.program, streams_name(which),
				     strerror(-r)));
	return r == 0;
}

/* What the child gets: the folder and its streams, in a socket that launcher and keeper hand on
 * unopened. So neither of them ever has a file of the share, whose closing may wait for it. */
static bool make_parcel(struct pass *p, struct job *job, int folder)
{
	const int fds[] = { folder, job->streams[0], job->streams[1] };
	int pair[2], r;

	if (job->parcel >= 0)
		close(job->parcel);
	job->parcel = -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		wait_for_share(p, job, -errno);
		return false;
	}
	r = message_send(pair[0], "", 1, fds, 3, MSG_DONTWAIT);
	close(pair[0]);
	job->parcel = pair[1];
	if (r < 0)
		wait_for_share(p, job, r);
	return r == 0;
}

/* -- the scratch folder ------------------------------------------------------------------------- */

/* A full disk of this machine is not the job's fault, nor is any other error here: it goes back. */
static bool make_scratch(struct pass *p, struct job *job)
{
	if (job->scratch)
		return true;
	if (mkdirat(p->share->scratch_fd, job->label, 0700) < 0) {
		log_warn("%s: given back: its scratch folder cannot be made on this machine: "
			 "%s/%s: %s",
			 job->label, p->share->scratch, job->label, strerror(errno));
		job->phase = JOB_ENDED;
		job->way = WAY_BACK;
		p->unfit = true;
		return false;
	}
	job->scratch = true;
	return true;
}

/* Can it be made again? Until then other machines get the jobs. */
static void look_whether_fit(struct pass *p)
{
	if (mkdirat(p->share->scratch_fd, TRIAL, 0700) < 0 && errno != EEXIST) {
		log_trouble("scratch folders",
			    "no job is taken: no folder can be made in %s on this machine: %s; "
			    "make room there",
			    p->share->scratch, strerror(errno));
		return;
	}
	unlinkat(p->share->scratch_fd, TRIAL, AT_REMOVEDIR);
	log_mended("scratch folders");
	p->unfit = false;
}

/* -- what is executed ---------------------------------------------------------------------------- */

/* What execve gets; heap. NULL if the host lacks it. */
static char *program_path(const struct pass *p, const struct command *cmd)
{
	switch (cmd->kind) {
	case COMMAND_HOST:
		return *cmd->program == '/' ? xstrdup(cmd->program) : software_find(cmd->program);
	case COMMAND_SHARE:
		return xasprintf("%s/%s", p->share->sp.path, cmd->program);
	case COMMAND_JOB:
	default:
		return xasprintf("./%s", cmd->program);
	}
}

/* -- the environment ------------------------------------------------------------------------------ */

static void add(struct strlist *env, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct strlist *env, const char *format, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list ap;

	va_start(ap, format);
	text = xvasprintf(format, ap);
	va_end(ap);
	strlist_add(env, text);
}

static void add_job(struct strlist *env, const struct share *share, const struct job *job)
{
	const struct ticket *t = &job->ticket;
	/* A path for the job; we ourselves go by descriptors. */
	_cleanup_free_ char *dir = xasprintf("%s/spool/%s", share->sp.path, t->folder);

	add(env, "SPOOL_JOB_ID=%" PRIu64, t->id);
	add(env, "SPOOL_JOB_NAME=%s", t->name);
	add(env, "SPOOL_JOB_DIR=%s", dir);
	add(env, "SPOOL_TASK_ID=0");
	add(env, "SPOOL_TASK_COUNT=1");
	add(env, "SPOOL_TASK_DIR=%s", dir);
	add(env, "SPOOL_ATTEMPT=%u", t->attempt);
	add(env, "SPOOL_ACR=%s/apps", share->sp.path);
	if (t->app)
		add(env, "SPOOL_APP_DIR=%s/apps/%s", share->sp.path, t->app);
}

static void add_grant(struct strlist *env, const struct share *share, const struct job *job)
{
	static const char *const threads[] = { "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS",
					       "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS" };
	const struct ticket *t = &job->ticket;

	add(env, "HOME=%s/%s", share->scratch, job->label);
	add(env, "TMPDIR=%s/%s", share->scratch, job->label);
	add(env, "SPOOL_SCRATCH=%s/%s", share->scratch, job->label);
	add(env, "SPOOL_CPUS=%u", t->cores);
	add(env, "SPOOL_MEM_MB=%" PRIu64, t->memory >> 20);
	add(env, "SPOOL_END_TIME=%" PRId64, (clock_wall_ms() + t->ttl_ms) / 1000);
	for (size_t i = 0; i < sizeof(threads) / sizeof(threads[0]); i++)
		add(env, "%s=%u", threads[i], t->cores);
}

static void make_env(const struct share *share, const struct job *job, struct strlist *env)
{
	add(env, "PATH=" SOFTWARE_PATH);
	add(env, "LANG=C.UTF-8");
	add_job(env, share, job);
	add_grant(env, share, job);
	for (size_t i = 0; i < job->ticket.env.count; i++)
		strlist_add(env, job->ticket.env.items[i]);
}

/* -- all together -------------------------------------------------------------------------------- */

static void make_packet(struct pass *p, struct job *job)
{
	const struct ticket *t = &job->ticket;
	_cleanup_free_ char *program = program_path(p, &t->command);
	struct strlist argv = { 0 }, env = { 0 };
	struct message_start start = {
		.tag = job->tag,
		.ttl_ms = t->ttl_ms,
		.kill_wait_ms = p->share->kill_wait_ms,
		.program = program,
	};

	if (!program) {
		job_fail(job,
			 xasprintf("cannot start %s: it is not on this runner (looked in %s)",
				   t->command.program, SOFTWARE_PATH),
			 false);
		return;
	}
	strlist_add(&argv, t->command.kind == COMMAND_HOST ? t->command.program : program);
	for (size_t i = 0; i < t->command.arguments.count; i++)
		strlist_add(&argv, t->command.arguments.items[i]);
	make_env(p->share, job, &env);
	start.argv = argv.items;
	start.envp = env.items;
	job->packet = message_build_start(&start, &job->packet_len);
	if (job->packet)
		job->phase = JOB_READY;
	else
		job_fail(job, xstrdup("its arguments and environment are too long"), false);
	strlist_free(&argv);
	strlist_free(&env);
}

static void prepare(struct pass *p, struct job *job)
{
	_cleanup_close_ int folder = open_folder(p, job);

	if (folder >= 0 && make_scratch(p, job) && make_streams(p, job, folder) &&
	    make_parcel(p, job, folder))
		make_packet(p, job);
}

int run_prepare(struct pass *p)
{
	if (p->unfit)
		look_whether_fit(p);
	for (size_t i = 0; i < p->prepare_count; i++)
		if (p->prepare[i]->phase == JOB_WAITING)
			prepare(p, p->prepare[i]);
	if (!p->more)
		log_mended("starts");
	return 0;
}
