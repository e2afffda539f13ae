/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd_cancel - spoolctl cancel: ends jobs that wait or run.
 *
 * Asks the coordinator (control); a waiting job goes to failed/ at once, a running one when its
 * runner has ended it.
 */
#include "cmd.h"

#include "control.h"
#include "ids.h"
#include "jobs.h"

int cmd_cancel(int argc, char **argv)
{
	static const struct control control = {
		.verb = "cancel",
		.doc = "End jobs that wait or run. Their folders stay, in spool/failed.\v" IDS_HELP,
		.places = JOBS_WAITING | JOBS_ACTIVE,
		.nothing = "you have no job that waits or runs; nothing to cancel",
	};

	return control_run(&control, argc, argv);
}
