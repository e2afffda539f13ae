/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * run - from a ticket to the packet that starts it.
 *
 * Before: the claim is durable. After: the job is ready: its folder is open, is what the ticket
 * says (the digest of its manifest), and what lies in it has been noted; its scratch folder is
 * there; program, arguments and environment are settled. Or it has ended with the reason why it
 * cannot start. Nothing of the environment is ours: it is built from nothing (spool.7).
 * On the share nothing is written. A crash leaves the claim and an empty scratch folder.
 */
#include "pass.h"

#include "cleanup.h"
#include "clock.h"
#include "complaint.h"
#include "digest.h"
#include "log.h"
#include "software.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

/* -- the folder ---------------------------------------------------------------------------------- */

/* The last line of the manifest tells its digest. 0; -EBADMSG: another, or none; negative errno. */
static int check_manifest(int folder, const char *digest)
{
	char tail[sizeof("sum ") + DIGEST_HEX_SIZE];
	const size_t len = strlen("sum ") + DIGEST_HEX_SIZE; /* with the newline */
	_cleanup_close_ int fd = safefs_open(folder, SPOOL_MANIFEST, O_RDONLY, 0);
	struct stat st;

	if (fd < 0)
		return fd == -ENOENT ? -EBADMSG : fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || (size_t)st.st_size < len ||
	    pread(fd, tail, len, st.st_size - (off_t)len) != (ssize_t)len)
		return -EBADMSG;
	tail[len - 1] = '\0';
	return strncmp(tail, "sum ", 4) == 0 && digest && strcmp(tail + 4, digest) == 0 ? 0
											: -EBADMSG;
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

/* The share is shut for a moment, not the job's folder: it goes on waiting. */
static void wait_for_share(struct pass *p, struct job *job)
{
	log_trouble("active", "%s: cannot start now: spool/active may not be entered", job->label);
	if (job->folder_fd >= 0)
		close(job->folder_fd);
	job->folder_fd = -1;
	p->more = true;
}

/* Opens the folder and notes what is in it. False if it cannot start by this. */
static bool open_folder(struct pass *p, struct job *job)
{
	struct complaint c = { 0 };
	struct stat st;
	int r = safefs_open(p->share->sp.fd, job->ticket.folder, O_RDONLY | O_DIRECTORY, 0);

	if (r >= 0) {
		job->folder_fd = r;
		r = check_manifest(r, job->ticket.manifest);
	}
	if (r == 0)
		r = fstat(job->folder_fd, &st) < 0 ? -errno : 0;
	if (r == 0) {
		job->inode = st.st_ino;
		r = tree_look(job->folder_fd, &job->before, &c);
	}
	if (r == -ENOENT || r == -ESTALE)
		job_fail(job, xstrdup("its folder was removed before it could start"), true);
	else if (r == -EACCES && pass_is_shut(p))
		wait_for_share(p, job);
	else if (r != 0)
		job_fail(job, why_folder(r, &c), false);
	complaint_free(&c);
	return r == 0;
}

static bool make_scratch(struct pass *p, struct job *job)
{
	if (mkdirat(p->share->scratch_fd, job->label, 0700) < 0) {
		job_fail(job,
			 xasprintf("its scratch folder cannot be made on this runner: %s/%s: %s",
				   p->share->scratch, job->label, strerror(errno)),
			 false);
		return false;
	}
	job->scratch = true;
	return true;
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

int run_prepare(struct pass *p)
{
	for (size_t i = 0; i < p->prepare_count; i++) {
		struct job *job = p->prepare[i];
		int error = job->sync_error ? job->sync_error : p->inbox_error;

		if (error < 0) { /* after a power cut it might be an offer again */
			log_warn("%s: given back: its claim cannot be made durable: %s", job->label,
				 strerror(-error));
			job->phase = JOB_ENDED;
			job->way = WAY_BACK;
		} else if (open_folder(p, job) && make_scratch(p, job)) {
			make_packet(p, job);
		}
	}
	return 0;
}
