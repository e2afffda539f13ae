/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd_doctor - spoolctl doctor: can this share, as this host sees it, be trusted with jobs?
 *
 * Runs the checks of the table, each of which notes findings, then tells them. It needs no
 * coordinator, and works as far as it can where the share cannot be opened. Leaves nothing behind
 * but what doctor_probe says.
 */
#include "cmd.h"

#include "cleanup.h"
#include "doctor.h"
#include "share.h"
#include "tell.h"

#include <argp.h>

enum { KEY_JSON = 0x100, KEY_ALL, KEY_QUICK }; /* long only */

struct options {
	bool json, all, quick;
};

enum needs { NEEDS_NOTHING, NEEDS_MOUNT, NEEDS_FOLDER, NEEDS_SHARE };

static const struct check {
	enum needs needs;
	void (*run)(struct doctor *d);
} checks[] = {
	{ NEEDS_SHARE, doctor_roles },	     { NEEDS_MOUNT, doctor_mount },
	{ NEEDS_MOUNT, doctor_export },	     { NEEDS_FOLDER, doctor_account },
	{ NEEDS_FOLDER, doctor_layout },     { NEEDS_FOLDER, doctor_rename },
	{ NEEDS_FOLDER, doctor_space },	     { NEEDS_FOLDER, doctor_clock },
	{ NEEDS_SHARE, doctor_signs },	     { NEEDS_SHARE, doctor_daemons },
	{ NEEDS_NOTHING, doctor_hardlinks }, { NEEDS_NOTHING, doctor_cgroup },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case KEY_JSON:
		o->json = true;
		return 0;
	case KEY_ALL:
		o->all = true;
		return 0;
	case KEY_QUICK:
		o->quick = true;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "no arguments are expected; found \"%s\"", arg);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option argp_options[] = {
	{ "all", KEY_ALL, NULL, 0, "Tell in full what is fine, too", 0 },
	{ "quick", KEY_QUICK, NULL, 0,
	  "Do not watch for changes of daemons, which takes up to 15 s", 0 },
	{ "json", KEY_JSON, NULL, 0, "Print JSON", 0 },
	{ 0 }
};
static const struct argp_child children[] = { { &share_argp, 0, NULL, 0 }, { 0 } };
static const struct argp argp = { argp_options,
				  parse,
				  "",
				  "Examine how this host sees the share: mount, export, renames, "
				  "freshness, clock, room, permissions. Ends with 1 if anything is "
				  "unsafe.",
				  children,
				  NULL,
				  NULL };

static bool can_run(const struct doctor *d, enum needs needs)
{
	switch (needs) {
	case NEEDS_SHARE:
		return d->open;
	case NEEDS_FOLDER:
		return d->fd >= 0;
	case NEEDS_MOUNT:
		return d->root_fd >= 0;
	default:
		return true;
	}
}

int cmd_doctor(int argc, char **argv)
{
	_cleanup_free_ char *path = NULL;
	struct options o = { .json = false };
	struct doctor d;
	int r;

	if (argp_parse(&argp, argc, argv, 0, NULL, &o))
		return TELL_USAGE;
	path = share_path();
	if (!path)
		return tell_usage("no share given: name it with --share DIR, or set SPOOL_SHARE");
	doctor_begin(&d, path, o.quick);
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
		if (can_run(&d, checks[i].needs))
			checks[i].run(&d);
	if (o.json)
		doctor_print_json(&d);
	else
		doctor_print(&d, o.all);
	r = doctor_count(&d, DOCTOR_UNSAFE) ? TELL_FAILED : TELL_DONE;
	doctor_end(&d);
	return r;
}
