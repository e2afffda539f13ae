/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * doctor_host - what this host offers to a runner and to the safety of jobs.
 *
 * Reads /proc and /sys/fs/cgroup, changes nothing. Control groups are looked at from a runner that
 * runs here, if there is one: under systemd it is given other ones than a login is.
 */
#include "doctor.h"

#include "cleanup.h"
#include "holder.h"
#include "machine.h"
#include "machines.h"
#include "xalloc.h"

#include <errno.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
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

/* A runner of this host that runs. */
struct worker_here {
	char *name; /* heap, or NULL: there is none */
	struct ucred who;
};

static void find_runner(const struct doctor *d, struct worker_here *ret)
{
	struct machines m;

	*ret = (struct worker_here){ .name = NULL };
	if (!d->open || machines_read(&d->sp, &m) < 0)
		return;
	for (size_t i = 0; i < m.count && !ret->name; i++)
		if (m.items[i].has_registration && m.items[i].registration.machine &&
		    strcmp(m.items[i].registration.machine, machine_id()) == 0 &&
		    holder_ask(d->sp.id, m.items[i].name, &ret->who) && ret->who.pid > 0)
			ret->name = xstrdup(m.items[i].name);
	machines_free(&m);
}

static bool belongs_to(const char *path, uid_t uid)
{
	struct stat st;

	return uid == 0 || (stat(path, &st) == 0 && st.st_uid == uid);
}

/* The nearest folder, from the control group of the process upwards, that its account may hand on;
 * heap, or NULL. */
static char *find_delegated(const struct ucred *who)
{
	_cleanup_free_ char *file = xasprintf("/proc/%d/cgroup", (int)who->pid),
			    *text = read_file(file);
	char *own = text ? strstr(text, "0::/") : NULL, *path;

	if (!own)
		return NULL;
	own += strlen("0::");
	own[strcspn(own, "\n")] = '\0';
	path = xasprintf(CGROUPS "%s", own);
	while (strlen(path) > strlen(CGROUPS)) {
		_cleanup_free_ char *procs = xasprintf("%s/cgroup.procs", path);

		if (belongs_to(path, who->uid) && belongs_to(procs, who->uid) &&
		    has_controllers(path))
			return path;
		*strrchr(path, '/') = '\0';
	}
	free(path);
	return NULL;
}

static void judge_runner(struct doctor *d, const struct worker_here *runner)
{
	_cleanup_free_ char *delegated = find_delegated(&runner->who);

	if (delegated)
		doctor_note(d, DOCTOR_FINE, "host.cgroup", NULL,
			    "a control group with memory and pids is delegated to runner %s",
			    runner->name);
	else
		doctor_note(
			d, DOCTOR_ADVICE, "host.cgroup",
			"run the runner as a service with Delegate=yes, or in a systemd user "
			"session",
			"no control group with memory and pids is delegated to runner %s; " LATER,
			runner->name);
}

static void judge_v2(struct doctor *d)
{
	struct worker_here runner;

	if (!has_controllers(CGROUPS)) {
		doctor_note(d, DOCTOR_ADVICE, "host.cgroup",
			    "start the kernel with cgroup_enable=memory",
			    "control groups are of version 2, but without memory or pids; " LATER);
		return;
	}
	find_runner(d, &runner);
	if (runner.name)
		judge_runner(d, &runner);
	else
		doctor_note(
			d, DOCTOR_UNTRIED, "host.cgroup",
			"ask again while a runner works on this host",
			"control groups are of version 2; what is delegated to a runner is seen "
			"only while one runs here");
	free(runner.name);
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
