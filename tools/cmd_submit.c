/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd_submit - spoolctl submit: hands jobs in.
 *
 * Builds each drop as incoming/.tmp-<nonce> (stage) and renames it to
 * incoming/<name>.submit-<nonce>: before the rename there is a temporary that nobody looks at,
 * after it a complete drop. Then waits for the coordinator's answer in replies/admit.<nonce>.
 * Killed before the rename, it leaves the temporary; after it, the job is handed in all the same.
 */
#include "cmd.h"

#include "ask.h"
#include "cleanup.h"
#include "copy.h"
#include "digest.h"
#include "dryrun.h"
#include "escape.h"
#include "jobset.h"
#include "rmtree.h"
#include "share.h"
#include "source.h"
#include "spool.h"
#include "stage.h"
#include "tell.h"
#include "waiting.h"
#include "xalloc.h"

#include <argp.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_SET = 0x100, KEY_WAIT, KEY_PARSABLE, KEY_DRY_RUN, KEY_NAME, KEY_HOLD }; /* long only */

struct options {
	struct strlist assignments;
	bool wait, parsable, dry_run;
	const char *name;
	char **paths;
	size_t count;
};

/* One that has been renamed into incoming/. */
struct drop {
	char *shown;  /* its name, escaped */
	char *entry;  /* within incoming/ */
	char *folder; /* what its folder will be called behind the id: the reduced name */
};

struct drops {
	struct drop *items;
	struct ask *asks; /* the answers, one each */
	size_t count;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case KEY_SET:
		if (!jobset_valid(arg))
			argp_error(state, "--set: \"%s\": expected key=value, as in --set ttl=2h",
				   arg);
		strlist_add(&o->assignments, arg);
		return 0;
	case KEY_WAIT:
		o->wait = true;
		return 0;
	case KEY_PARSABLE:
		o->parsable = true;
		return 0;
	case KEY_DRY_RUN:
		o->dry_run = true;
		return 0;
	case KEY_NAME:
		o->name = arg;
		return 0;
	case KEY_HOLD:
		argp_error(
			state,
			"--hold is not supported by this version; submit the job when it may run");
		return 0;
	case ARGP_KEY_ARGS:
		o->paths = state->argv + state->next;
		o->count = (size_t)(state->argc - state->next);
		if (o->name && o->count > 1)
			argp_error(state, "--name is for one job; give one path with it");
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "what is to be submitted? Give a folder or a file");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option argp_options[] = {
	{ "set", KEY_SET, "KEY=VALUE", 0, "Set a key of job.conf; may be repeated", 0 },
	{ "name", KEY_NAME, "NAME", 0, "Call the job so, not after its path", 0 },
	{ "dry-run", KEY_DRY_RUN, NULL, 0, "Only say what would happen", 0 },
	{ "wait", KEY_WAIT, NULL, 0, "Wait until the jobs have ended; returns their exit code", 0 },
	{ "parsable", KEY_PARSABLE, NULL, 0, "Print only the ids; exit code 3 if there is none yet",
	  0 },
	{ "hold", KEY_HOLD, NULL, 0, "Not supported by this version", 0 },
	{ 0 }
};
static const struct argp_child children[] = { { &share_argp, 0, NULL, 0 }, { 0 } };
static const struct argp argp = { argp_options,
				  parse,
				  "PATH...",
				  "Hand in jobs: each PATH is a folder, a file that an application "
				  "can run, or a submission file, which is "
				  "handed in with the files that it names.",
				  children,
				  NULL,
				  NULL };

static void stop_copying(int sig)
{
	(void)sig;
	copy_stop = 1;
}

/* While a drop is built, a signal ends the building, which then cleans up; before and after, it
 * ends the program. */
static void catch_signals(bool on)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction action = { .sa_handler = on ? stop_copying : SIG_DFL };

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaction(signals[i], &action, NULL);
}

static void add_drop(struct drops *drops, const struct source *src, const char *entry,
		     const char *nonce)
{
	_cleanup_free_ char *reply = xasprintf("admit.%s", nonce);
	char reduced[SPOOL_NAME_SIZE];
	size_t n = drops->count++;

	drops->items[n] = (struct drop){
		.shown = escape_text(src->name, ESCAPE_TEXT),
		.entry = xstrdup(entry),
		.folder = xstrdup(spool_reduce_name(src->name, reduced)),
	};
	ask_expect(&drops->asks[n], reply);
}

/* Builds and drops one. */
static int drop(const struct spool *sp, const struct options *o, const struct source *src,
		struct drops *drops)
{
	_cleanup_close_ int incoming = safefs_open_dir(sp->fd, spool_place_name(SPOOL_INCOMING));
	_cleanup_free_ char *tmp = NULL, *entry = NULL;
	char nonce[ASK_NONCE_HEX + 1];
	int r;

	if (incoming < 0)
		return tell_errno("spool/incoming cannot be opened", incoming);
	digest_nonce(nonce, ASK_NONCE_HEX);
	tmp = xasprintf(SPOOL_TMP "%s", nonce);
	entry = xasprintf("%s.submit-%s", src->name, nonce);
	catch_signals(true);
	r = stage_build(src, &o->assignments, incoming, tmp, false);
	if (r == TELL_DONE) {
		int renamed = safefs_rename(incoming, tmp, incoming, entry);

		/* Lost: not there any more under either name, because the coordinator was quicker
		 * than our look. */
		if (renamed < 0)
			r = tell_errno("the drop cannot be renamed in spool/incoming", renamed);
	}
	if (r == TELL_DONE)
		add_drop(drops, src, entry, nonce);
	else
		rmtree(incoming, tmp);
	catch_signals(false);
	return r;
}

static int submit_one(const struct spool *sp, const struct options *o, const char *path,
		      struct drops *drops)
{
	struct source src;
	int r = source_open(path, o->name, &src);

	if (r != TELL_DONE)
		return r;
	r = o->dry_run ? dryrun_print(sp, &src, &o->assignments) : drop(sp, o, &src, drops);
	source_close(&src);
	return r;
}

/* The five parts of REJECTED.txt, as they stand there between two blank lines; one long line is
 * hard to read on a terminal. False: there is no such page to be read. */
static bool print_page(const struct spool *sp, const char *folder)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", folder, SPOOL_REJECTED), *text = NULL;
	_cleanup_close_ int failed = safefs_open_dir(sp->fd, spool_place_name(SPOOL_FAILED));
	char *from, *to;
	size_t len;

	if (failed < 0 || safefs_read(failed, path, 65536, &text, &len, NULL) < 0)
		return false;
	from = strstr(text, "\n\n");
	to = from ? strstr(from + 2, "\n\n") : NULL;
	if (!to)
		return false;
	fprintf(stderr, "%.*s\n", (int)(to - from - 2), from + 2);
	return true;
}

static int print_rejection(const struct spool *sp, const struct drop *drop, uint64_t id,
			   const char *text)
{
	_cleanup_free_ char *folder = xasprintf("%" PRIu64 "-%s", id, drop->folder);
	int r = tell_failed("%s: rejected; it lies in %s/spool/%s/%s", drop->shown, sp->path,
			    spool_place_name(SPOOL_FAILED), folder);

	if (!print_page(sp, folder))
		fprintf(stderr, "%s\n", text);
	return r;
}

/* An answer that has come. */
static int print_answer(const struct spool *sp, const struct options *o, const struct drop *drop,
			const struct ask *ask)
{
	_cleanup_free_ char *text = escape_text(ask->text, ESCAPE_TEXT);

	if (!ask->ok && ask->number)
		return print_rejection(sp, drop, ask->number, text);
	if (!ask->ok)
		return tell_failed("%s: %s", drop->shown, text);
	if (o->parsable)
		printf("%" PRIu64 "\n", ask->number);
	else
		printf("submitted as %" PRIu64 " (%s); it will come back as %s/spool/%s/%" PRIu64
		       "-%s\n",
		       ask->number, drop->shown, sp->path, spool_place_name(SPOOL_DONE),
		       ask->number, drop->folder);
	return TELL_DONE;
}

/* No answer: the drop lies there and is taken when somebody comes. */
static int print_unanswered(const struct spool *sp, const struct options *o,
			    const struct drop *drop, bool nobody)
{
	_cleanup_free_ char *entry = escape_text(drop->entry, ESCAPE_TEXT);

	if (o->parsable) {
		tell_note("%s: no id yet: %s", drop->shown,
			  nobody ? "no coordinator is running; start spoold"
				 : "the coordinator has not answered");
		return TELL_WAITING;
	}
	printf("dropped as %s/spool/%s/%s; %s\n", sp->path, spool_place_name(SPOOL_INCOMING), entry,
	       nobody ? "waiting for the coordinator (no spoold is running for this share: start "
			"one)"
		      : "the coordinator has not taken it yet; spoolctl queue shows when it has");
	return TELL_DONE;
}

static int print_answers(const struct spool *sp, const struct options *o, struct drops *drops)
{
	int waited = ask_wait(sp, drops->asks, drops->count);
	int result = TELL_DONE;

	for (size_t i = 0; i < drops->count; i++) {
		int r;

		if (drops->asks[i].answered)
			r = print_answer(sp, o, &drops->items[i], &drops->asks[i]);
		else
			r = print_unanswered(sp, o, &drops->items[i], waited == ASK_NOBODY);
		/* A rejection outweighs a missing id. */
		if (result == TELL_DONE || r == TELL_FAILED)
			result = r;
	}
	fflush(stdout);
	return result;
}

/* --wait: first for the ids, however long a coordinator takes to come, then for the ends. */
static int wait_for_ends(const struct spool *sp, struct drops *drops)
{
	uint64_t *ids = xcalloc(drops->count + 1, sizeof(*ids));
	size_t count = 0;
	int code;

	while (ask_wait(sp, drops->asks, drops->count) != 0)
		; /* each round takes its time */
	for (size_t i = 0; i < drops->count; i++) {
		if (drops->asks[i].ok)
			ids[count++] = drops->asks[i].number;
	}
	code = count ? waiting_run(sp, ids, count, 0) : TELL_DONE;
	free(ids);
	return code;
}

static int submit_all(const struct spool *sp, const struct options *o)
{
	struct drops drops = {
		.items = xcalloc(o->count, sizeof(*drops.items)),
		.asks = xcalloc(o->count, sizeof(*drops.asks)),
	};
	int result = TELL_DONE, r;

	for (size_t i = 0; i < o->count && !copy_stop; i++) {
		r = submit_one(sp, o, o->paths[i], &drops);
		if (result == TELL_DONE)
			result = r;
	}
	if (drops.count) {
		r = print_answers(sp, o, &drops);
		if (result == TELL_DONE || r == TELL_FAILED)
			result = r;
		if (o->wait) {
			r = wait_for_ends(sp, &drops);
			result = result == TELL_DONE || result == TELL_WAITING ? r : result;
		}
	}
	for (size_t i = 0; i < drops.count; i++) {
		free(drops.items[i].shown);
		free(drops.items[i].entry);
		free(drops.items[i].folder);
		ask_free(&drops.asks[i]);
	}
	free(drops.items);
	free(drops.asks);
	return result;
}

int cmd_submit(int argc, char **argv)
{
	struct options o = { .name = NULL };
	struct spool sp;
	int r;

	if (argp_parse(&argp, argc, argv, 0, NULL, &o))
		return TELL_USAGE;
	r = share_open(&sp);
	if (r == TELL_DONE) {
		r = submit_all(&sp, &o);
		spool_close(&sp);
	}
	strlist_free(&o.assignments);
	return r;
}
