/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd_rm - spoolctl rm: removes finished jobs with their inputs and results.
 *
 * Asks the coordinator (control), which refuses what has not ended.
 */
#include "cmd.h"

#include "control.h"
#include "ids.h"
#include "jobs.h"

int cmd_rm(int argc, char **argv)
{
	static const struct control control = {
		.verb = "rm",
		.doc = "Remove finished jobs: the whole folder, inputs and results.\v" IDS_HELP,
		.places = JOBS_ENDED,
		.nothing = "you have no finished job; nothing to remove",
	};

	return control_run(&control, argc, argv);
}
