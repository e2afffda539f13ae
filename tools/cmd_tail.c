/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd_tail - spoolctl tail: the last lines of a job's output, and with -f what is added to it.
 *
 * Opens stdout.txt (or stderr.txt) by path for every look: so it survives the move of the folder
 * from active/ to done/, and a client's cache never answers for an open file. The place is looked
 * up again only when the file is not where it was. A share that does not answer is waited for,
 * however long. The output is the job's own and is passed on byte by byte. Changes nothing.
 */
#include "cmd.h"

#include "cleanup.h"
#include "clock.h"
#include "describe.h"
#include "escape.h"
#include "human.h"
#include "ids.h"
#include "jobs.h"
#include "share.h"
#include "state.h"
#include "tell.h"
#include "xalloc.h"

#include <argp.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#define PAUSE_MS 200
#define NET_PAUSE_MS 1000
#define SMB_PAUSE_MS                                                                              \
	1300	     /* closetimeo is 1 s by default: while it looks more often than that, an SMB \
			client keeps the file, and what it knows of it */
#define GONE_MS 5000 /* so long a job may be nowhere to be seen while it is on its way */
#define CHUNK 65536
#define LINES 10

struct options {
	bool follow;
	const char *file;
	int64_t lines;
	char *id;
};

/* A job's output being read. */
struct reading {
	const struct spool *sp;
	const char *file;
	struct job job;	  /* where it was seen last */
	unsigned attempt; /* the attempt whose output is read; 0: none seen yet */
	off_t at;	  /* printed up to here */
	int64_t missing;  /* boot ms when it was first nowhere; 0: it is there */
	bool silent;	  /* the share does not answer, and that has been told */
};

enum { KEY_ERR = 0x100 }; /* long only */

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case 'f':
		o->follow = true;
		return 0;
	case KEY_ERR:
		o->file = SPOOL_STDERR;
		return 0;
	case 'n':
		if (human_parse_int(arg, 0, INT32_MAX, &o->lines) < 0)
			argp_error(state, "-n: \"%s\" is no number of lines", arg);
		return 0;
	case ARGP_KEY_ARG:
		if (o->id)
			argp_error(state, "one job at a time; \"%s\" is one too many", arg);
		o->id = arg;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which job? Give an id, as in spoolctl tail 12");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option argp_options[] = {
	{ "follow", 'f', NULL, 0, "Go on with what is added, until the job has ended", 0 },
	{ "err", KEY_ERR, NULL, 0, "What it wrote to stderr instead", 0 },
	{ "lines", 'n', "LINES", 0, "So many of the last lines (10)", 0 },
	{ 0 }
};
static const struct argp_child children[] = { { &share_argp, 0, NULL, 0 }, { 0 } };
static const struct argp argp = { argp_options,
				  parse,
				  "ID",
				  "Print the last lines of a job's output.\v"
				  "ID is a job's number or \"last\" (your newest job).",
				  children,
				  NULL,
				  NULL };

/* The output where the job was last seen. Descriptor or negative errno. */
static int open_output(const struct reading *r)
{
	_cleanup_close_ int folder = jobs_open(r->sp, &r->job);

	return folder < 0 ? folder : safefs_open(folder, r->file, O_RDONLY, 0);
}

/* The output so far is of an attempt that came to nothing. */
static void begin_anew(struct reading *r)
{
	if (r->at)
		tell_note("job %" PRIu64 ": its output begins anew: it was handed out again",
			  r->job.id);
	r->at = 0;
}

/* Where the job is now. 0, -ENOENT, or another negative errno. */
static int locate(struct reading *r)
{
	struct job job;
	int result = jobs_find(r->sp, r->job.id, &job);

	if (result < 0)
		return result;
	jobs_free_one(&r->job);
	r->job = job;
	/* The folder of an ended job bears no number: it is that of the last attempt. */
	if (job.attempt && r->attempt && job.attempt != r->attempt)
		begin_anew(r);
	if (job.attempt)
		r->attempt = job.attempt;
	return 0;
}

static bool still_there(const struct reading *r)
{
	_cleanup_close_ int fd = jobs_open(r->sp, &r->job);

	return fd >= 0;
}

/* Prints what stands in fd behind r->at. 0 or negative errno. */
static int copy_new(struct reading *r, int fd)
{
	char *buffer = xcalloc(1, CHUNK);
	ssize_t n;

	while ((n = pread(fd, buffer, CHUNK, r->at)) > 0) {
		fwrite(buffer, 1, (size_t)n, stdout);
		r->at += n;
	}
	n = n < 0 ? -errno : 0;
	free(buffer);
	fflush(stdout);
	return (int)n;
}

/* Where the last lines begin: reads backwards, so that a large file costs no more than its end. */
static off_t start_of_lines(int fd, off_t size, int64_t lines)
{
	_cleanup_free_ char *buffer = xcalloc(1, CHUNK);
	off_t end = size;

	if (lines == 0)
		return size;
	while (end > 0) {
		off_t from = end > CHUNK ? end - CHUNK : 0;
		ssize_t n = pread(fd, buffer, (size_t)(end - from), from);

		if (n != (ssize_t)(end - from))
			return from;
		for (ssize_t i = n - 1; i >= 0; i--) {
			/* The newline at the very end closes the last line and opens none. */
			if (buffer[i] == '\n' && from + i + 1 != size && --lines == 0)
				return from + i + 1;
		}
		end = from;
	}
	return 0;
}

/* The first look: the last lines. 0, -ENOENT (no output yet), or another negative errno. */
static int print_last(struct reading *r, int64_t lines)
{
	_cleanup_close_ int fd = open_output(r);
	struct stat st;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	r->at = start_of_lines(fd, st.st_size, lines);
	return copy_new(r, fd);
}

/* A later look. */
static int print_new(struct reading *r)
{
	_cleanup_close_ int fd = open_output(r);
	struct stat st;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) == 0 && st.st_size < r->at)
		begin_anew(r);
	return copy_new(r, fd);
}

static void tell_end(const struct spool *sp, struct job *job)
{
	_cleanup_free_ char *reason = NULL;

	describe_job(sp, job);
	reason = job->reason ? escape_text(job->reason, ESCAPE_TEXT) : NULL;
	tell_note("job %" PRIu64 " has ended: %s%s%s%s", job->id, job->state, reason ? " (" : "",
		  reason ? reason : "", reason ? ")" : "");
}

/* An error that the next look will have, too. SMB forbids for a moment what is being changed. */
static bool is_refused(const struct spool *sp, int r)
{
	return r < 0 && r != -ENOENT && r != -ENOTDIR && !safefs_is_trouble(r) &&
	       !(r == -EACCES && sp->kind == SAFEFS_SMB);
}

static void rest(const struct spool *sp)
{
	int64_t ms = NET_PAUSE_MS;
	struct timespec pause;

	if (sp->kind == SAFEFS_LOCAL)
		ms = PAUSE_MS;
	else if (sp->kind == SAFEFS_SMB)
		ms = SMB_PAUSE_MS;
	pause = (struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };
	nanosleep(&pause, NULL);
}

/* Trouble of the share passes, and what one look does not find may be on its way to another place.
 * TELL_DONE: go on; else told. */
static int take_answer(struct reading *r, int result)
{
	bool trouble = result < 0 && result != -ENOENT;

	if (trouble && !safefs_is_trouble(result))
		return tell_errno("the jobs cannot be listed", result);
	if (trouble && !r->silent)
		tell_note("the share does not answer (%s); waiting until it does",
			  strerror(-result));
	r->silent = trouble;
	if (result != -ENOENT)
		r->missing = 0;
	else if (!r->missing)
		r->missing = clock_boot_ms();
	else if (clock_boot_ms() - r->missing > GONE_MS)
		return tell_failed("job %" PRIu64 ": it is no longer there", r->job.id);
	return TELL_DONE;
}

/*
 * Follows until the end. The place is looked up before the output is read: if the job had ended by
 * then, this reading was the last.
 */
static int follow(struct reading *r)
{
	for (int told = TELL_DONE; told == TELL_DONE;) {
		bool ended = JOBS_IN(r->job.place) & JOBS_ENDED;
		int result = print_new(r);

		if (ended && (result == 0 || (result == -ENOENT && still_there(r)))) {
			tell_end(r->sp, &r->job);
			return TELL_DONE;
		}
		if (is_refused(r->sp, result))
			return tell_errno("the output cannot be read", result);
		rest(r->sp);
		/* Before it starts there is a folder without output. */
		if (result != 0 && !(result == -ENOENT && still_there(r)))
			result = locate(r);
		else
			result = 0;
		told = take_answer(r, result);
	}
	return TELL_FAILED;
}

static int tail(struct reading *r, const struct options *o)
{
	int result = locate(r);

	if (result == -ENOENT)
		return tell_failed("job %" PRIu64
				   ": there is no such job on this share; spoolctl queue --all "
				   "lists all",
				   r->job.id);
	if (result < 0)
		return tell_errno("the jobs cannot be listed", result);
	result = print_last(r, o->lines);
	/* It may have moved between the two. */
	if (result == -ENOENT && locate(r) == 0)
		result = print_last(r, o->lines);
	if (o->follow && (result == 0 || result == -ENOENT || safefs_is_trouble(result)))
		return follow(r);
	if (result == -ENOENT && state_is_end(r->job.state))
		return tell_failed("job %" PRIu64
				   ": there is no %s: it has ended, perhaps without a run; "
				   "spoolctl show %" PRIu64 " tells more",
				   r->job.id, r->file, r->job.id);
	if (result == -ENOENT)
		return tell_failed("job %" PRIu64 ": there is no %s yet: the job is %s", r->job.id,
				   r->file, r->job.state);
	if (result < 0)
		return tell_errno("the output cannot be read", result);
	return TELL_DONE;
}

int cmd_tail(int argc, char **argv)
{
	struct options o = { .file = SPOOL_STDOUT, .lines = LINES };
	struct reading reading = { 0 };
	struct spool sp;
	struct ids ids;
	int r;

	if (argp_parse(&argp, argc, argv, 0, NULL, &o))
		return TELL_USAGE;
	r = share_open(&sp);
	if (r != TELL_DONE)
		return r;
	r = ids_resolve(&sp, &o.id, 1, JOBS_ALL, JOBS_ALL, &ids);
	if (r == TELL_DONE && ids.count != 1)
		r = tell_usage("tail: one job at a time");
	if (r == TELL_DONE) {
		reading = (struct reading){ .sp = &sp,
					    .file = o.file,
					    .job = { .id = ids.items[0] } };
		r = tail(&reading, &o);
		jobs_free_one(&reading.job);
	}
	ids_free(&ids);
	spool_close(&sp);
	return r;
}
