/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd_check - spoolctl check: is every job in exactly one place, can its records be read, is the
 * index right?
 *
 * Looks at everything (check_places, check_log, check_records), up to LOOKS times: a spool that
 * works moves jobs while it is looked at, so only what every look finds in the same words is
 * reported. Changes nothing but the request for a fresh snapshot.
 */
#include "cmd.h"

#include "check.h"
#include "cleanup.h"
#include "json.h"
#include "share.h"
#include "tell.h"

#include <argp.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#define LOOKS 3
#define BETWEEN_MS 700 /* a line in the log may come so long after its rename */

enum { KEY_JSON = 0x100, KEY_INDEX, KEY_REPAIR }; /* long only */

struct options {
	bool json;
	const char *index;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case KEY_JSON:
		o->json = true;
		return 0;
	case KEY_INDEX:
		o->index = arg;
		return 0;
	case KEY_REPAIR:
		argp_error(state, "--repair is not supported by this version; check says what to "
				  "do about each finding");
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "no arguments are expected; found \"%s\"", arg);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option argp_options[] = {
	{ "json", KEY_JSON, NULL, 0, "Print JSON", 0 },
	{ "index", KEY_INDEX, "FILE", 0,
	  "Compare with this index (spoold's own) instead of the newest snapshot", 0 },
	{ "repair", KEY_REPAIR, NULL, 0, "Not supported by this version", 0 },
	{ 0 }
};
static const struct argp_child children[] = { { &share_argp, 0, NULL, 0 }, { 0 } };
static const struct argp argp = { argp_options,
				  parse,
				  "",
				  "Examine the share: every job in exactly one place, its records "
				  "readable, the index equal to the share.",
				  children,
				  NULL,
				  NULL };

/* TELL_DONE with a whole look in *c, else told. */
static int look(const struct spool *sp, const char *index, struct check *c)
{
	int r;

	check_begin(c, sp);
	r = check_places(c);
	if (r < 0)
		return tell_errno("check: the folders of spool/ cannot be listed", r);
	r = check_log(c, index);
	if (r < 0 && index)
		return tell_failed("check: the log cannot be compared with %s: %s", index,
				   strerror(-r));
	if (r < 0)
		return tell_errno("check: the log in spool/events cannot be examined (in $TMPDIR)",
				  r);
	check_records(c);
	return TELL_DONE;
}

/* Looks until a look finds nothing, or for the last time. */
static int look_repeatedly(const struct spool *sp, const struct options *o, struct check *c)
{
	const struct timespec pause = { .tv_sec = BETWEEN_MS / 1000,
					.tv_nsec = BETWEEN_MS % 1000 * 1000000L };
	int r = look(sp, o->index, c);

	for (int i = 1; r == TELL_DONE && c->findings.count && i < LOOKS; i++) {
		struct check before = *c;

		nanosleep(&pause, NULL);
		r = look(sp, o->index, c);
		check_keep_common(c, &before);
		check_free(&before);
	}
	return r;
}

/* An index that equals the log equals the share only if the log does. */
static const char *index_words(const struct check *c)
{
	switch (c->index) {
	case CHECK_EQUAL:
		return c->findings.count ? "the index equals the log" : "index equals the share";
	case CHECK_DIFFERENT:
		return "the index differs from the log";
	default:
		return "no index has been published to compare with";
	}
}

static void print_text(const struct check *c)
{
	size_t n = c->findings.count;

	for (size_t i = 0; i < n; i++)
		printf("%s; %s\n", c->findings.items[i], c->remedies.items[i]);
	if (n)
		printf("%" PRIu64 " job%s, %zu finding%s; %s\n", (uint64_t)c->jobs,
		       c->jobs == 1 ? "" : "s", n, n == 1 ? "" : "s", index_words(c));
	else
		printf("%" PRIu64 " job%s, each in one place; %s\n", (uint64_t)c->jobs,
		       c->jobs == 1 ? "" : "s", index_words(c));
}

static void print_json(const struct check *c)
{
	static const char *const index_names[] = { NULL, "equal", "different" };
	struct json j;

	json_begin(&j, stdout);
	json_object(&j, "check");
	json_bool(&j, "ok", c->findings.count == 0);
	json_number(&j, "jobs", (int64_t)c->jobs);
	for (int place = SPOOL_QUEUED; place <= SPOOL_LOST; place++)
		json_number(&j, spool_place_name((enum spool_place)place),
			    (int64_t)c->places[place]);
	json_text(&j, "index", index_names[c->index]);
	json_known_number(&j, "snapshot", (int64_t)c->snapshot, c->snapshot);
	json_array(&j, "findings");
	for (size_t i = 0; i < c->findings.count; i++) {
		json_object(&j, NULL);
		json_escaped(&j, "what", c->findings.items[i]);
		json_escaped(&j, "remedy", c->remedies.items[i]);
		json_end_object(&j);
	}
	json_end_array(&j);
	json_end_object(&j);
	json_finish(&j);
}

int cmd_check(int argc, char **argv)
{
	struct options o = { .json = false };
	struct check c = { 0 };
	struct spool sp;
	int r;

	if (argp_parse(&argp, argc, argv, 0, NULL, &o))
		return TELL_USAGE;
	r = share_open(&sp);
	if (r != TELL_DONE)
		return r;
	r = look_repeatedly(&sp, &o, &c);
	if (r == TELL_DONE) {
		if (o.json)
			print_json(&c);
		else
			print_text(&c);
		r = c.findings.count ? TELL_FAILED : TELL_DONE;
	}
	check_free(&c);
	spool_close(&sp);
	return r;
}
