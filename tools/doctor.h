/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * doctor - the parts of spoolctl doctor: what is noted, and the checks that note it.
 *
 * A topic is a name for scripts ("mount.soft") and never changes its meaning. Texts in findings are
 * printable: names of files in them have been escaped.
 */
#ifndef SPOOL_DOCTOR_H
#define SPOOL_DOCTOR_H

#include "alive.h"
#include "medium.h"
#include "spool.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define DOCTOR_ACCOUNT "spool" /* what the manual calls the account of the daemons */
#define DOCTOR_PERSON_MIN 1000 /* numbers of people begin here, as login.defs(5) has it */
#define DOCTOR_NOBODY 65534

enum doctor_level { DOCTOR_UNSAFE, DOCTOR_ADVICE, DOCTOR_UNTRIED, DOCTOR_FINE, DOCTOR_LEVELS };

struct doctor_finding {
	char *topic;
	enum doctor_level level;
	char *found;  /* one sentence, without a stop */
	char *remedy; /* prose; behind a newline a command, which is not to be wrapped. NULL with
		       * DOCTOR_FINE, may be NULL with DOCTOR_UNTRIED */
};

/* What the checks share. */
struct doctor {
	char *path, *shown; /* the share, absolute where it can be found; and printable */
	int root_fd, fd;    /* the share and spool/ in it; -1: cannot be opened */
	bool open;	    /* sp is usable */
	struct spool sp;
	/* If root_fd is open: of spool/, or where there is none of the share; then, if they have
	 * mounts of their own, those of the share's top and apps/. */
	struct medium media[MEDIUM_PARTS];
	size_t parts;
	struct alive alive; /* the coordinator, watched since doctor_roles */
	unsigned roles;	    /* what runs on this host, of enum medium_role; 0: nothing yet */
	bool quick;	    /* no check that takes seconds */
	struct doctor_finding *items;
	size_t count;
};

/* Notes a finding. topic and remedy are copied. */
void doctor_note(struct doctor *d, enum doctor_level level, const char *topic, const char *remedy,
		 const char *format, ...) __attribute__((format(printf, 5, 6)));

/* A remedy: prose (or NULL), and on a line of its own a command, "chmod o-w /srv/share/apps": words
 * and a path below the share (NULL: the share), quoted for a shell; heap. */
char *doctor_command(const struct doctor *d, const char *prose, const char *words,
		     const char *below);

/* The same, of several paths: adds one more. Takes over remedy, heap. */
char *doctor_command_more(const struct doctor *d, char *remedy, const char *below);

/* How many findings have the level. */
size_t doctor_count(const struct doctor *d, enum doctor_level level);

/* Opens what can be opened of the share at path, notes why the rest cannot be. */
void doctor_begin(struct doctor *d, const char *path, bool quick);
void doctor_end(struct doctor *d);

/* True if modes and owners on the share are the mount's invention, not the disk's. */
bool doctor_modes_are_made_up(const struct doctor *d);

/* "user 900 (spool)", "group 901"; heap. */
char *doctor_user(uid_t uid);
char *doctor_group(gid_t gid);

/* Is there an account "spool" on this host? Its number. */
bool doctor_has_account(uid_t *ret);

/* The account of the daemons, by the owner of spool/: that one, unless it is root. */
uid_t doctor_account_of(uid_t owner);

/* A remedy: "spoolctl init", typed as the account that this owner of a folder stands for; prose
 * without a colon, or NULL. Heap. */
char *doctor_init_remedy(const struct doctor *d, const char *prose, uid_t owner);

/* doctor_print: for people (all: fine findings in full) and for programs. */
void doctor_print(const struct doctor *d, bool all);
void doctor_print_json(const struct doctor *d);

/* -- checks; those of a share need root_fd, those marked + also fd, those marked ++ also sp ------- */

void doctor_mount(struct doctor *d);	 /* doctor_mount: the mount's options */
void doctor_export(struct doctor *d);	 /* doctor_export: how this host exports it */
void doctor_space(struct doctor *d);	 /* doctor_probe: + room for files */
void doctor_rename(struct doctor *d);	 /* + one file system, renames work */
void doctor_clock(struct doctor *d);	 /* + the file server's clock */
void doctor_account(struct doctor *d);	 /* doctor_account: + may daemons work in it? */
void doctor_layout(struct doctor *d);	 /* doctor_layout: + folders, owners, modes */
void doctor_signs(struct doctor *d);	 /* doctor_signs: ++ changes of other hosts are seen */
void doctor_roles(struct doctor *d);	 /* ++ no finding: which daemons call this host theirs;
					  * begins to watch the coordinator */
void doctor_daemons(struct doctor *d);	 /* doctor_daemons: ++ those that should run, do they? */
void doctor_cgroup(struct doctor *d);	 /* doctor_host: control groups */
void doctor_hardlinks(struct doctor *d); /* links to files of others */

#endif
