/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd_show - spoolctl show: everything that is known about jobs.
 *
 * Collects (dossier) and prints: two columns of words and values for people, or JSON. Changes
 * nothing.
 */
#include "cmd.h"

#include "cleanup.h"
#include "clock.h"
#include "dossier.h"
#include "escape.h"
#include "human.h"
#include "ids.h"
#include "json.h"
#include "machines.h"
#include "share.h"
#include "tell.h"
#include "words.h"
#include "xalloc.h"

#include <argp.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_JSON = 0x100 }; /* long only */

struct options {
	bool json;
	char **words;
	size_t count;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	(void)arg;
	switch (key) {
	case KEY_JSON:
		o->json = true;
		return 0;
	case ARGP_KEY_ARGS:
		o->words = state->argv + state->next;
		o->count = (size_t)(state->argc - state->next);
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which job? Give an id, as in spoolctl show 12");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option argp_options[] = { { "json", KEY_JSON, NULL, 0, "Print JSON", 0 },
						   { 0 } };
static const struct argp_child children[] = { { &share_argp, 0, NULL, 0 }, { 0 } };
static const struct argp argp = {
	argp_options, parse, "ID...", "Show everything that is known about jobs.\v" IDS_HELP,
	children,     NULL,  NULL
};

/* -- for people ---------------------------------------------------------------------------------- */

static void say(const char *label, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* One line: a label and its value, of which user bytes have been escaped. */
static void say(const char *label, const char *format, ...)
{
	va_list ap;

	printf("  %-10s ", label);
	va_start(ap, format);
	vprintf(format, ap);
	va_end(ap);
	putchar('\n');
}

/* As it is, escaped; nothing if it is not known. */
static void say_text(const char *label, const char *text)
{
	_cleanup_free_ char *shown = text && *text ? escape_text(text, ESCAPE_TEXT) : NULL;

	if (shown)
		say(label, "%s", shown);
}

static void say_time(const char *label, int64_t wall_ms)
{
	char buf[CLOCK_STAMP_SIZE];

	if (wall_ms)
		say(label, "%s", clock_stamp(wall_ms, buf));
}

static void say_state(const struct job *job)
{
	_cleanup_free_ char *reason = job->reason ? escape_text(job->reason, ESCAPE_TEXT) : NULL;

	if (reason)
		say("state", "%s: %s", job->state, reason);
	else
		say("state", "%s", job->state);
	if (job->attempt)
		say("attempt", "%u", job->attempt);
	say_text("runner", job->runner);
}

static void say_list(const char *label, const struct strlist *list)
{
	_cleanup_free_ char *text = words_join(list, ", ");

	say_text(label, text);
}

static void say_needs(const struct dossier *d)
{
	const struct job *job = &d->job;
	char memory[HUMAN_SIZE], ttl[HUMAN_SIZE];

	if (job->cores)
		say("asks for", "%u core%s, %s memory, %s at most", job->cores,
		    job->cores == 1 ? "" : "s",
		    job->memory ? human_size(job->memory, memory) : "any",
		    job->ttl_ms ? human_time(job->ttl_ms, ttl) : "any time");
	if (!d->has_manifest)
		return;
	say_list("platforms", &d->manifest.needs.platforms);
	say_list("software", &d->manifest.needs.software);
	say_text("only on", d->manifest.needs.runner);
}

/* What of the job's needs this runner lacks: heap, or NULL if it has all of them. */
static char *lacks(const struct machine *m, const struct dossier *d)
{
	const struct needs *n = &d->manifest.needs;
	bool platform = n->platforms.count == 0;

	if (n->runner && strcmp(n->runner, m->name) != 0)
		return xasprintf("is not %s", n->runner);
	for (size_t i = 0; i < n->platforms.count; i++)
		platform = platform || strcmp(n->platforms.items[i], m->registration.platform) == 0;
	if (!platform)
		return xasprintf("is %s", m->registration.platform);
	for (size_t i = 0; i < n->software.count; i++) {
		if (!registration_has(&m->registration, n->software.items[i]))
			return xasprintf("has no %s", n->software.items[i]);
	}
	if (d->job.memory > m->registration.memory)
		return xstrdup("has too little memory");
	return d->job.cores > m->registration.slots ? xstrdup("has too few slots") : NULL;
}

/* Why a job is not running: a line for each runner that is there. */
static void say_waits(const struct spool *sp, const struct dossier *d)
{
	struct machines machines = { 0 };
	size_t said = 0;

	if (d->job.place != SPOOL_QUEUED || !d->has_manifest || machines_read(sp, &machines) < 0)
		return;
	for (size_t i = 0; i < machines.count; i++) {
		const struct machine *m = &machines.items[i];
		_cleanup_free_ char *why = NULL, *shown = NULL;

		if (!m->has_registration || !machine_is_current(m))
			continue;
		why = lacks(m, d);
		shown = escape_text(why ? why : "can run it: wait until a slot is free",
				    ESCAPE_TEXT);
		say(said++ ? "" : "waits", "%s %s", m->name, shown);
	}
	if (said == 0)
		say("waits", "no runner is at work on this share: start one (spool-runner)");
	machines_free(&machines);
}

static void say_command(const struct command *command)
{
	_cleanup_free_ char *words = words_command(command);

	say("command", "%s", words);
}

static void say_use(const struct job *job)
{
	int64_t elapsed = jobs_elapsed(job, clock_wall_ms());
	char a[HUMAN_SIZE], b[HUMAN_SIZE];

	if (elapsed >= 0 && job->ttl_ms > 0)
		say("time", "%s of %s (%d %%)", human_time(elapsed, a), human_time(job->ttl_ms, b),
		    (int)(100 * elapsed / job->ttl_ms));
	else if (elapsed >= 0)
		say("time", "%s", human_time(elapsed, a));
	if (job->cpu_ms >= 0)
		say("processor", "%s", human_time(job->cpu_ms, a));
	if (job->peak_memory && job->memory)
		say("memory", "%s of %s (%d %%)", human_size(job->peak_memory, a),
		    human_size(job->memory, b),
		    (int)(100.0 * (double)job->peak_memory / (double)job->memory));
	else if (job->peak_memory)
		say("memory", "%s", human_size(job->peak_memory, a));
	if (job->term_signal > 0)
		say("signal", "%d (%s)", job->term_signal, strsignal(job->term_signal));
	else if (job->exit_code >= 0)
		say("exit code", "%d", job->exit_code);
}

/* What an event's verb says of an attempt; verbs that are not listed stand for themselves. */
static const char *participle(const char *verb)
{
	static const char *const words[][2] = {
		{ "offer", "offered" }, { "claim", "claimed" },	     { "withdraw", "withdrawn" },
		{ "file", "filed" },	{ "requeue", "given back" }, { "revoke", "revoked" },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(words[i][0], verb) == 0)
			return words[i][1];
	}
	return verb;
}

static void say_attempts(const struct dossier *d)
{
	char stamp[CLOCK_STAMP_SIZE];

	for (size_t i = 0; i < d->attempt_count; i++) {
		const struct dossier_attempt *a = &d->attempts[i];
		_cleanup_free_ char *why = a->why ? escape_text(a->why, ESCAPE_TEXT) : NULL;
		_cleanup_free_ char *runner = escape_text(a->runner ? a->runner : "", ESCAPE_FIELD);

		say(i ? "" : "attempts", "%u on %s: %s, %s %s%s%s", a->attempt, runner,
		    a->state ? a->state : "-", a->last ? participle(a->last) : "-",
		    clock_stamp(a->last_at, stamp), why ? ": " : "", why ? why : "");
	}
	for (size_t i = 0; i < d->evidence.count; i++)
		say(i ? "" : "evidence", "spool/%s/%s", spool_place_name(SPOOL_LOST),
		    d->evidence.items[i]);
}

static void say_files(const struct dossier *d)
{
	char size[HUMAN_SIZE];

	for (size_t i = 0; i < d->file_count; i++) {
		_cleanup_free_ char *name = escape_text(d->files[i].name, ESCAPE_TEXT);

		say(i ? "" : "files", "%7s  %s", human_size(d->files[i].size, size), name);
	}
	if (d->more_files)
		say("", "and more: see the folder");
}

static void print_text(const struct spool *sp, const struct dossier *d)
{
	_cleanup_free_ char *path = jobs_path(sp, &d->job),
			    *name = escape_text(d->job.name, ESCAPE_TEXT);

	printf("job %" PRIu64 " (%s)\n", d->job.id, name);
	say_state(&d->job);
	say_text("folder", path);
	say_text("user", d->job.user);
	say_text("group", d->job.group);
	say_text("app", d->job.app);
	say_needs(d);
	say_waits(sp, d);
	if (d->has_ticket && d->ticket.command.program)
		say_command(&d->ticket.command);
	say_time("queued", d->job.queued_at);
	say_time("started", d->job.started_at);
	say_time("finished", d->job.finished_at);
	say_use(&d->job);
	say_attempts(d);
	say_files(d);
}

/* -- for programs -------------------------------------------------------------------------------- */

static void json_list(struct json *j, const char *key, const struct strlist *list)
{
	json_array(j, key);
	for (size_t i = 0; i < list->count; i++)
		json_text(j, NULL, list->items[i]);
	json_end_array(j);
}

static void json_needs(struct json *j, const struct dossier *d)
{
	const struct job *job = &d->job;

	json_object(j, "needs");
	json_known_number(j, "cores", job->cores, job->cores);
	json_known_number(j, "memory", (int64_t)job->memory, job->memory);
	json_duration(j, "ttl", job->ttl_ms ? job->ttl_ms : -1);
	json_list(j, "platforms", &d->manifest.needs.platforms);
	json_list(j, "software", &d->manifest.needs.software);
	json_text(j, "runner", d->manifest.needs.runner);
	json_end_object(j);
}

static void json_command(struct json *j, const struct dossier *d)
{
	const struct command *command = &d->ticket.command;

	if (!d->has_ticket || !command->program) {
		json_text(j, "command", NULL);
		return;
	}
	json_array(j, "command");
	json_text(j, NULL, command->program);
	for (size_t i = 0; i < command->arguments.count; i++)
		json_text(j, NULL, command->arguments.items[i]);
	json_end_array(j);
}

static void json_attempts(struct json *j, const struct dossier *d)
{
	json_array(j, "attempts");
	for (size_t i = 0; i < d->attempt_count; i++) {
		const struct dossier_attempt *a = &d->attempts[i];

		json_object(j, NULL);
		json_number(j, "attempt", a->attempt);
		json_text(j, "runner", a->runner);
		json_time(j, "offered", a->offered_at);
		json_text(j, "state", a->state);
		json_text(j, "last", a->last);
		json_time(j, "at", a->last_at);
		json_text(j, "why", a->why);
		json_end_object(j);
	}
	json_end_array(j);
	json_list(j, "evidence", &d->evidence);
}

static void json_files(struct json *j, const struct dossier *d)
{
	json_array(j, "files");
	for (size_t i = 0; i < d->file_count; i++) {
		json_object(j, NULL);
		json_text(j, "name", d->files[i].name);
		json_number(j, "size", (int64_t)d->files[i].size);
		json_end_object(j);
	}
	json_end_array(j);
	json_bool(j, "more_files", d->more_files);
}

static void json_outcome(struct json *j, const struct job *job)
{
	int64_t now = clock_wall_ms();

	json_time(j, "queued", job->queued_at);
	json_time(j, "started", job->started_at);
	json_time(j, "finished", job->finished_at);
	json_duration(j, "time", jobs_elapsed(job, now));
	json_duration(j, "left", jobs_left(job, now));
	json_duration(j, "cpu", job->cpu_ms);
	json_known_number(j, "peak", (int64_t)job->peak_memory, job->peak_memory);
	json_known_number(j, "exit", job->exit_code, job->exit_code >= 0);
	json_known_number(j, "signal", job->term_signal, job->term_signal > 0);
}

static void print_json(const struct spool *sp, struct json *j, const struct dossier *d)
{
	_cleanup_free_ char *path = jobs_path(sp, &d->job);
	const struct job *job = &d->job;

	json_object(j, NULL);
	json_number(j, "id", (int64_t)job->id);
	json_text(j, "name", job->name);
	json_text(j, "state", job->state);
	json_text(j, "reason", job->reason);
	json_text(j, "runner", job->runner);
	json_known_number(j, "attempt", job->attempt, job->attempt);
	json_text(j, "place", spool_place_name(job->place));
	json_text(j, "folder", job->folder);
	json_text(j, "path", path);
	json_text(j, "user", job->user);
	json_text(j, "group", job->group);
	json_text(j, "app", job->app);
	json_needs(j, d);
	json_command(j, d);
	json_outcome(j, job);
	json_attempts(j, d);
	json_files(j, d);
	json_end_object(j);
}

/* -- the command --------------------------------------------------------------------------------- */

/* One job may be anywhere; for several the places are listed once. */
static int find(const struct spool *sp, struct jobs *listed, uint64_t id, struct job *ret)
{
	struct job *job = jobs_get(listed, id);

	if (!job || !job->folder)
		return jobs_find(sp, id, ret);
	*ret = *job;
	*job = (struct job){ .id = id }; /* moved; its number keeps the list in order */
	return 0;
}

static int show_one(const struct spool *sp, struct json *json, struct jobs *listed, uint64_t id)
{
	struct dossier d;
	struct job job;
	int r = find(sp, listed, id, &job);

	if (r == -ENOENT)
		return tell_failed("job %" PRIu64 ": there is no such job on this share; "
				   "spoolctl queue --all lists all",
				   id);
	if (r < 0)
		return tell_errno("the jobs cannot be listed", r);
	dossier_collect(sp, &job, &d);
	if (json)
		print_json(sp, json, &d);
	else
		print_text(sp, &d);
	dossier_free(&d);
	return TELL_DONE;
}

static int show(const struct spool *sp, const struct options *o, const struct ids *ids)
{
	struct jobs listed = { 0 };
	int result = TELL_DONE;
	struct json json;

	if (ids->count > 1)
		jobs_list(sp, JOBS_ALL, &listed);
	if (o->json) {
		json_begin(&json, stdout);
		json_array(&json, "jobs");
	}
	for (size_t i = 0; i < ids->count; i++) {
		if (!o->json && i)
			putchar('\n');
		if (show_one(sp, o->json ? &json : NULL, &listed, ids->items[i]))
			result = TELL_FAILED;
	}
	if (o->json) {
		json_end_array(&json);
		json_finish(&json);
	}
	jobs_free(&listed);
	return result;
}

int cmd_show(int argc, char **argv)
{
	struct options o = { 0 };
	struct spool sp;
	struct ids ids;
	int r;

	if (argp_parse(&argp, argc, argv, 0, NULL, &o))
		return TELL_USAGE;
	r = share_open(&sp);
	if (r != TELL_DONE)
		return r;
	r = ids_resolve(&sp, o.words, o.count, JOBS_ALL, JOBS_ALL, &ids);
	if (r == TELL_DONE) {
		r = show(&sp, &o, &ids);
		ids_free(&ids);
	}
	spool_close(&sp);
	return r;
}
