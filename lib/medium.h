/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * medium - is the mount of a share one that a spool can be trusted to? One table of rules over what
 * the kernel says of it; runner, coordinator and spoolctl doctor use the same texts.
 */
#ifndef SPOOL_MEDIUM_H
#define SPOOL_MEDIUM_H

#include "mount.h"

#include <stdbool.h>
#include <stddef.h>

/* Whom a finding concerns; may be or-ed. */
enum medium_role {
	MEDIUM_RUNNER = 1,
	MEDIUM_COORDINATOR = 2,
	MEDIUM_ALL = MEDIUM_RUNNER | MEDIUM_COORDINATOR
};

enum medium_level {
	MEDIUM_FINE,
	MEDIUM_ADVICE, /* it works, and would work better otherwise; or nobody has measured it */
	MEDIUM_UNSAFE  /* results can be lost or seen wrong, or nothing can work */
};

enum medium_class {
	MEDIUM_LOCAL = 1,  /* a disk of this host */
	MEDIUM_MEMORY = 2, /* gone at a restart */
	MEDIUM_NFS = 4,
	MEDIUM_SMB = 8,
	MEDIUM_CLUSTER =
		16, /* another network or cluster file system, or a virtual machine's host */
	MEDIUM_COPIES = 32, /* a view of remote files by copies: sshfs and its like */
	MEDIUM_UNKNOWN = 64
};

struct medium_finding {
	const char *topic; /* "mount.soft": for scripts, never changes */
	enum medium_level level;
	unsigned who;	    /* of enum medium_role */
	bool final;	    /* no option overrides it */
	char *found;	    /* one sentence without a stop; heap, printable */
	const char *remedy; /* one line; NULL if the finding is fine */
};

#define MEDIUM_PARTS 3

struct medium {
	struct mount mount; /* type "?" if the kernel does not tell */
	enum medium_class class;
	const char *part; /* of a share in several mounts: "spool", ".", "apps"; else NULL */
	struct medium_finding *items;
	size_t count;
};

/* Looks at the mount of the open folder and judges it. What cannot be found out is a finding. */
void medium_look(int fd, struct medium *ret);

/*
 * The mounts that a share lies on: first that of spool/, where all files are written; then, if they
 * have mounts of their own, those of the top and of apps/, without what concerns writing. Returns
 * how many.
 */
size_t medium_look_share(int root_fd, int spool_fd, struct medium ret[MEDIUM_PARTS]);

/* Judges a mount, which is moved into *ret. */
void medium_judge(struct mount *m, struct medium *ret);

void medium_free(struct medium *md);

/* True for what is known to lie elsewhere: there inotify tells nothing of what other hosts do. */
bool medium_is_remote(const struct medium *md);

/* True for what is known to be a disk of this host, or its memory. What is neither this nor remote
 * is unknown: better take it for remote where inotify or a clock is concerned. */
bool medium_is_local(const struct medium *md);

/*
 * What speaks against a start in this role, with the remedies, as one heap sentence; NULL if
 * nothing does. allowed: the administrator has set allow_unsafe_mount, so only what no option
 * overrides counts.
 */
char *medium_objection(const struct medium *md, enum medium_role who, bool allowed);

/* The advice for this role, with the remedies, as one heap sentence; NULL if there is none. */
char *medium_advice(const struct medium *md, enum medium_role who);

/* The folder that the mount is judged for: that of the share, or the part of it; heap. */
char *medium_path(const struct medium *md, const char *share);

/* The options that matter here, "vers=4.2, hard, proto=tcp", for people; heap, printable. */
char *medium_options(const struct medium *md);

#endif
