/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * doctor_host - what this host offers to a runner and to the safety of jobs.
 *
 * Reads /proc and /sys/fs/cgroup, changes nothing. Control groups are looked at from the account
 * that asks: a runner under systemd may be given more than a login is.
 */
#include "doctor.h"

#include "cleanup.h"
#include "xalloc.h"

#include <errno.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/vfs.h>

#define CGROUPS "/sys/fs/cgroup"
#define LATER "later versions need them to limit the memory of jobs"

/* The whole small file, without its last newline; heap, or NULL. */
static char *read_file(const char *path)
{
	_cleanup_fclose_ FILE *f = fopen(path, "re");
	char *text = NULL;
	size_t room = 0;

	if (!f || getdelim(&text, &room, '\0', f) < 0) {
		free(text);
		return NULL;
	}
	if (*text && text[strlen(text) - 1] == '\n')
		text[strlen(text) - 1] = '\0';
	return text;
}

/* -- control groups ------------------------------------------------------------------------------ */

static bool is_v2(const char *path)
{
	struct statfs st;

	return statfs(path, &st) == 0 && (unsigned long)st.f_type == CGROUP2_SUPER_MAGIC;
}

static bool has_controllers(const char *folder)
{
	_cleanup_free_ char *path = xasprintf("%s/cgroup.controllers", folder),
			    *text = read_file(path), *words = xasprintf(" %s ", text ? text : "");

	return strstr(words, " memory ") && strstr(words, " pids ");
}

/* The nearest folder, from our own control group upwards, that we may hand on; heap, or NULL. */
static char *find_delegated(void)
{
	_cleanup_free_ char *text = read_file("/proc/self/cgroup");
	char *own = text ? strstr(text, "0::/") : NULL, *path;

	if (!own)
		return NULL;
	own += strlen("0::");
	own[strcspn(own, "\n")] = '\0';
	path = xasprintf(CGROUPS "%s", own);
	while (strlen(path) > strlen(CGROUPS)) {
		_cleanup_free_ char *procs = xasprintf("%s/cgroup.procs", path);

		if (access(path, W_OK) == 0 && access(procs, W_OK) == 0 && has_controllers(path))
			return path;
		*strrchr(path, '/') = '\0';
	}
	free(path);
	return NULL;
}

static void judge_v2(struct doctor *d)
{
	_cleanup_free_ char *delegated = find_delegated();

	if (!has_controllers(CGROUPS))
		doctor_note(d, DOCTOR_ADVICE, "host.cgroup",
			    "start the kernel with cgroup_enable=memory",
			    "control groups are of version 2, but without memory or pids; " LATER);
	else if (!delegated)
		doctor_note(d, DOCTOR_ADVICE, "host.cgroup",
			    "run the runner as a service with Delegate=yes, or in a systemd user "
			    "session",
			    "no control group with memory and pids is delegated to this "
			    "account; " LATER);
	else
		doctor_note(d, DOCTOR_FINE, "host.cgroup", NULL,
			    "control groups are of version 2, and one with memory and pids is "
			    "delegated to this account");
}

void doctor_cgroup(struct doctor *d)
{
	static const char remedy[] = "start the kernel with systemd.unified_cgroup_hierarchy=1";

	if (is_v2(CGROUPS))
		judge_v2(d);
	else if (is_v2(CGROUPS "/unified"))
		doctor_note(d, DOCTOR_ADVICE, "host.cgroup", remedy,
			    "control groups are of the hybrid layout (versions 1 and 2); " LATER);
	else
		doctor_note(d, DOCTOR_ADVICE, "host.cgroup", remedy,
			    "there are no control groups of version 2; " LATER);
}

/* -- links --------------------------------------------------------------------------------------- */

void doctor_hardlinks(struct doctor *d)
{
	_cleanup_free_ char *value = read_file("/proc/sys/fs/protected_hardlinks");

	if (!value)
		doctor_note(d, DOCTOR_UNTRIED, "host.hardlinks", NULL,
			    "this kernel does not tell fs.protected_hardlinks");
	else if (strcmp(value, "0") == 0)
		doctor_note(d, DOCTOR_ADVICE, "host.hardlinks",
			    "sysctl fs.protected_hardlinks=1, and a line of it in /etc/sysctl.d",
			    "fs.protected_hardlinks is 0: people of this host can link files of "
			    "others into their jobs");
	else
		doctor_note(d, DOCTOR_FINE, "host.hardlinks", NULL,
			    "fs.protected_hardlinks is on: nobody can link files of others into "
			    "jobs");
}
