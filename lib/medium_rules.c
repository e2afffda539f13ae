/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * medium_rules - the table of what is said of mounts.
 *
 * Each rule names the option or type that it has found, what follows from it, and what to do. What
 * the rules say was measured on kernel NFS 4.2, 4.1 and 3 and on SMB 3.1.1 (spool.7 and
 * spool-share.7 tell the results), or is what nfs(5) and mount.cifs(8) promise; where nobody has
 * measured, they say so. Option names are those of /proc/self/mountinfo in Linux 6.1 and later: NFS
 * leaves cto out and shows acregmin and its like only if they differ from the default; SMB always
 * shows cache, hard or soft, actimeo (or acregmax and acdirmax) and, but for some kernels before
 * it, closetimeo, in seconds. Touches nothing.
 */
#include "medium_rules.h"

#include "cleanup.h"
#include "escape.h"
#include "xalloc.h"

#include <stdlib.h>
#include <string.h>

#define REMOTE MEDIUM_RULES_REMOTE
#define EVERY (REMOTE | MEDIUM_LOCAL | MEDIUM_MEMORY | MEDIUM_UNKNOWN)
#define NFS_AC_MOST 60 /* seconds, the default of acregmax and acdirmax */

/* -- conditions: heap text naming what was found, or NULL ---------------------------------------- */

static char *option(const struct mount *m, const char *word)
{
	return mount_has(m, word) ? xstrdup(word) : NULL;
}

static char *value_if(const struct mount *m, const char *key, const char *words)
{
	_cleanup_free_ char *value = mount_value(m, key),
			    *word = xasprintf(" %s ", value ? value : "");

	return value && strstr(words, word) ? xasprintf("%s=%s", key, value) : NULL;
}

static char *above(const struct mount *m, const char *key, int64_t most)
{
	int64_t number = mount_number(m, key);

	return number > most ? xasprintf("%s=%lld", key, (long long)number) : NULL;
}

char *medium_rules_any(const struct mount *m)
{
	return escape_text(m->type, ESCAPE_TEXT);
}

static char *is_readonly(const struct mount *m)
{
	return option(m, "ro");
}

static char *is_noexec(const struct mount *m)
{
	return option(m, "noexec");
}

static char *is_soft(const struct mount *m)
{
	char *found = option(m, "softerr");

	return found ? found : option(m, "soft");
}

static char *is_softreval(const struct mount *m)
{
	return option(m, "softreval");
}

static char *is_nocto(const struct mount *m)
{
	return option(m, "nocto");
}

static char *nfs_keeps_long(const struct mount *m)
{
	static const char *const keys[] = { "acregmin", "acregmax", "acdirmin", "acdirmax" };
	char *found = NULL;

	for (size_t i = 0; !found && i < sizeof(keys) / sizeof(keys[0]); i++)
		found = above(m, keys[i], NFS_AC_MOST);
	return found;
}

static char *is_udp(const struct mount *m)
{
	return value_if(m, "proto", " udp udp6 ");
}

static char *nfs_other_version(const struct mount *m)
{
	_cleanup_free_ char *version = mount_value(m, "vers");

	if (!version)
		return *m->super ? xstrdup("version unknown") : NULL;
	if (strcmp(version, "4.2") == 0 || strcmp(version, "4.1") == 0 || strcmp(version, "3") == 0)
		return NULL;
	return xasprintf("vers=%s", version);
}

static char *has_local_locks(const struct mount *m)
{
	char *found = option(m, "nolock");

	return found ? found : value_if(m, "local_lock", " all flock posix ");
}

static char *smb_guesses(const struct mount *m)
{
	return value_if(m, "cache", " loose singleclient ro ");
}

static char *smb_uncached(const struct mount *m)
{
	return value_if(m, "cache", " none ");
}

static char *smb_closes_late(const struct mount *m)
{
	return mount_has(m, "nolease") ? NULL : above(m, "closetimeo", 0);
}

/* Linux 5.13 to 5.19. */
static char *smb_close_untold(const struct mount *m)
{
	if (!*m->super || mount_has(m, "nolease") || mount_number(m, "closetimeo") >= 0)
		return NULL;
	return xstrdup("closetimeo untold");
}

/* Who may use the mount is not told by its modes, or it is everybody. */
static char *smb_lets_all_in(const struct mount *m)
{
	_cleanup_free_ char *mode = mount_value(m, "dir_mode");

	if (mount_has(m, "multiuser")) /* each comes with a credential of his own */
		return NULL;
	if (mount_has(m, "noperm"))
		return xstrdup("noperm");
	if (!mode || !(strtoul(mode, NULL, 8) & 02) || mount_has(m, "cifsacl") ||
	    mount_has(m, "modefromsid") || mount_has(m, "unix") || mount_has(m, "posix"))
		return NULL;
	return xasprintf("dir_mode=%s", mode);
}

static char *smb_keeps_long(const struct mount *m)
{
	static const char *const keys[] = { "actimeo", "acregmax", "acdirmax" };
	char *found = NULL;

	for (size_t i = 0; !found && i < sizeof(keys) / sizeof(keys[0]); i++)
		found = above(m, keys[i], 1);
	return found;
}

static char *smb_without_x(const struct mount *m)
{
	_cleanup_free_ char *mode = mount_value(m, "file_mode");

	if (!mode || strtoul(mode, NULL, 8) & 0111)
		return NULL;
	return xasprintf("file_mode=%s", mode);
}

static char *smb_old(const struct mount *m)
{
	return value_if(m, "vers", " 1.0 ");
}

static char *smb_unix(const struct mount *m)
{
	char *found = option(m, "unix");

	return found ? found : option(m, "posix");
}

static char *smb_unsynced(const struct mount *m)
{
	return option(m, "nostrictsync");
}

static char *lets_setuid(const struct mount *m)
{
	bool suid = !mount_has(m, "nosuid"), dev = !mount_has(m, "nodev");

	if (!*m->options || (!suid && !dev))
		return NULL;
	return xasprintf("without %s", suid && dev ? "nosuid and nodev"
				       : suid	   ? "nosuid"
						   : "nodev");
}

/* -- the rules ----------------------------------------------------------------------------------- */

/* Of several rules with one topic, "fine" of the last is said if none of them has found anything.
 */
static const struct medium_rule rules[] = {
	{ "mount.type", MEDIUM_LOCAL, MEDIUM_ALL, MEDIUM_FINE, medium_rules_any,
	  "a disk of this host; how others see it is told by \"spoolctl doctor\" there", NULL, NULL,
	  false },
	{ "mount.type", MEDIUM_MEMORY, MEDIUM_ALL, MEDIUM_ADVICE, medium_rules_any,
	  "the share lies in memory, and is gone when this host is restarted",
	  "move it to a disk, unless it is for a trial", NULL, false },
	{ "mount.type", MEDIUM_NFS, MEDIUM_ALL, MEDIUM_FINE, medium_rules_any,
	  "NFS, which has been measured", NULL, NULL, false },
	{ "mount.type", MEDIUM_SMB, MEDIUM_RUNNER, MEDIUM_FINE, medium_rules_any,
	  "SMB, which has been measured for runners and people", NULL, NULL, false },
	{ "mount.type", MEDIUM_CLUSTER, MEDIUM_ALL, MEDIUM_ADVICE, medium_rules_any,
	  "a network file system that nobody has tried with spool",
	  "use NFS 4.2, or try it with jobs that may fail", NULL, false },
	{ "mount.type", MEDIUM_COPIES, MEDIUM_ALL, MEDIUM_UNSAFE, medium_rules_any,
	  "shows copies of remote files, which may be old, and its renames need not be one step",
	  "mount the share by NFS or SMB; see spool-share(7)", NULL, false },
	{ "mount.type", MEDIUM_UNKNOWN, MEDIUM_ALL, MEDIUM_ADVICE, medium_rules_any,
	  "a file system that nobody has tried with spool",
	  "use a disk with ext4 or xfs, NFS or SMB, or try it with jobs that may fail", NULL,
	  false },
	{ "mount.coordinator", MEDIUM_SMB, MEDIUM_COORDINATOR, MEDIUM_UNSAFE, medium_rules_any,
	  "a coordinator on an SMB mount could read old heartbeats for ever, take working runners "
	  "for dead, and dead ones for working",
	  "run spoold on the file server itself, or on an NFS mount of the same share", NULL,
	  true },
	{ "mount.coordinator", MEDIUM_NFS, MEDIUM_COORDINATOR, MEDIUM_FINE, medium_rules_any,
	  "a coordinator works here by scanning; on the file server itself it reacts at once", NULL,
	  NULL, false },
	{ "mount.write", EVERY, MEDIUM_ALL, MEDIUM_UNSAFE, is_readonly,
	  "the share is mounted for reading only, so nothing can be claimed, run or filed",
	  "mount it with rw, and see that the server exports it so", "rw: it can be written",
	  true },
	{ "mount.exec", EVERY, MEDIUM_RUNNER, MEDIUM_UNSAFE, is_noexec,
	  "programs on the share cannot start one another or load their libraries, so jobs that "
	  "work "
	  "elsewhere fail here",
	  "mount it with exec in place of noexec", "exec: programs on the share can be started",
	  false },
	{ "mount.soft", MEDIUM_NFS, MEDIUM_ALL, MEDIUM_UNSAFE, is_soft,
	  "if the server is silent for some time, what was written is given up and results are "
	  "lost",
	  "mount it with hard in place of it",
	  "hard: while the server is silent all wait, and nothing is lost", false },
	{ "mount.soft", MEDIUM_SMB, MEDIUM_ALL, MEDIUM_ADVICE, is_soft,
	  "after some three minutes without the server, jobs and programs get errors",
	  "mount it with hard: then they wait until it is back",
	  "hard: while the server is silent all wait", false },
	{ "mount.cto", MEDIUM_NFS, MEDIUM_ALL, MEDIUM_UNSAFE, is_nocto,
	  "opening a file or folder does not ask the server, so tickets and results may be old "
	  "ones",
	  "mount it without nocto", NULL, false },
	{ "mount.cto", MEDIUM_NFS, MEDIUM_ALL, MEDIUM_UNSAFE, is_softreval,
	  "while the server is silent, old listings are taken for new ones",
	  "mount it without softreval", "cto: what is opened is as the server has it", false },
	{ "mount.attributes", MEDIUM_NFS, MEDIUM_ALL, MEDIUM_ADVICE, nfs_keeps_long,
	  "sizes, times and missing names may be shown as they were so many seconds ago",
	  "leave actimeo and its like at their defaults, 60 at most",
	  "attributes are kept for a minute at most", false },
	{ "mount.attributes", MEDIUM_SMB, MEDIUM_ALL, MEDIUM_ADVICE, smb_keeps_long,
	  "sizes, times and names may be shown as they were so many seconds ago",
	  "mount it with actimeo=1", "attributes are kept for a second at most", false },
	{ "mount.proto", MEDIUM_NFS, MEDIUM_ALL, MEDIUM_ADVICE, is_udp,
	  "NFS over UDP can damage data on fast networks, and nobody has tried it with spool",
	  "mount it with proto=tcp", NULL, false },
	{ "mount.version", MEDIUM_NFS, MEDIUM_ALL, MEDIUM_ADVICE, nfs_other_version,
	  "nobody has tried this version of NFS with spool", "mount it with vers=4.2, or vers=3",
	  "a version that has been measured", false },
	{ "mount.version", MEDIUM_SMB, MEDIUM_ALL, MEDIUM_ADVICE, smb_old,
	  "the first version of SMB, without protection, and hardly tried with spool",
	  "mount it with vers=3.1.1", NULL, false },
	{ "mount.version", MEDIUM_SMB, MEDIUM_ALL, MEDIUM_ADVICE, smb_unix,
	  "nobody has measured SMB with Unix extensions enough",
	  "mount it with vers=3.1.1 and nounix", "SMB without Unix extensions", false },
	{ "mount.locks", MEDIUM_NFS, MEDIUM_ALL, MEDIUM_FINE, has_local_locks,
	  "locks stay on this host; that does not matter, spool uses none between hosts", NULL,
	  NULL, false },
	{ "mount.cache", MEDIUM_SMB, MEDIUM_ALL, MEDIUM_UNSAFE, smb_guesses,
	  "this host keeps files without the server's consent, and may see and leave old ones",
	  "mount it with cache=strict", NULL, false },
	{ "mount.cache", MEDIUM_SMB, MEDIUM_ALL, MEDIUM_ADVICE, smb_uncached,
	  "slow, and a file that is replaced while it is polled is still read stale",
	  "mount it with cache=strict", "cache=strict: kept as long as the server consents",
	  false },
	{ "mount.close", MEDIUM_SMB, MEDIUM_ALL, MEDIUM_ADVICE, smb_close_untold,
	  "this kernel does not tell how late files are closed, and one that is replaced while it "
	  "is polled may be read stale",
	  "mount it with nolease", NULL, false },
	{ "mount.close", MEDIUM_SMB, MEDIUM_ALL, MEDIUM_ADVICE, smb_closes_late,
	  "files are closed late, and one that is replaced while it is polled is read stale",
	  "mount it with closetimeo=0", "files are closed at once, replaced ones are seen at once",
	  false },
	{ "mount.sync", MEDIUM_SMB, MEDIUM_ALL, MEDIUM_UNSAFE, smb_unsynced,
	  "fsync does not reach the server's disk, so its power cut loses results that were told",
	  "mount it without nostrictsync", "fsync reaches the server", false },
	{ "mount.programs", MEDIUM_SMB, MEDIUM_RUNNER, MEDIUM_ADVICE, smb_without_x,
	  "no file has the x bit, so binary programs of jobs must be copied before they run",
	  "mount it with file_mode=0755, or 0775", "files have the x bit", false },
	{ "mount.access", MEDIUM_SMB, MEDIUM_ALL, MEDIUM_UNSAFE, smb_lets_all_in,
	  "everybody on this host may do there what the account of the mount may, also order "
	  "programs to be run on all machines",
	  "mount it with dir_mode=0775,gid=spoolers and without noperm",
	  "not everybody on this host may use the mount", false },
	{ "mount.setuid", REMOTE | MEDIUM_UNKNOWN, MEDIUM_ALL, MEDIUM_ADVICE, lets_setuid,
	  "a setuid program or a device file that somebody drops would work on this host",
	  "mount it with nosuid,nodev", "nosuid, nodev: no dropped file gives rights", false },
};

const struct medium_rule *medium_rules_list(size_t *ret_count)
{
	*ret_count = sizeof(rules) / sizeof(rules[0]);
	return rules;
}
