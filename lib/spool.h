/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * spool - names and places on the share; the only file that knows them (spool.7, "The share").
 */
#ifndef SPOOL_SPOOL_H
#define SPOOL_SPOOL_H

#include "safefs.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define SPOOL_NAME_MAX 80 /* bytes of a name made by us */
#define SPOOL_NAME_SIZE (SPOOL_NAME_MAX + 1)
#define SPOOL_RUNNER_MAX 32		       /* bytes of a runner's name */
#define SPOOL_RID_SIZE (SPOOL_RUNNER_MAX + 20) /* "name-boot8-nonce8" and zero */
#define SPOOL_ID_HEX 32

enum spool_place {
	SPOOL_INCOMING,
	SPOOL_QUEUED,
	SPOOL_ACTIVE,
	SPOOL_DONE,
	SPOOL_FAILED,
	SPOOL_LOST, /* where job folders are */
	SPOOL_CLAIMS,
	SPOOL_RUNNERS,
	SPOOL_REQUESTS,
	SPOOL_REPLIES,
	SPOOL_EVENTS,
	SPOOL_STATUS,
	SPOOL_PLACES
};

/* Files in a job's folder. */
#define SPOOL_JOB_CONF "job.conf"
#define SPOOL_READY ".ready"
#define SPOOL_MANIFEST ".spool-manifest"
#define SPOOL_STDOUT "stdout.txt"
#define SPOOL_STDERR "stderr.txt"
#define SPOOL_RESULT "job.result"
#define SPOOL_REJECTED "REJECTED.txt"
#define SPOOL_ATTEMPTS "attempts"
/* Files in spool/. */
#define SPOOL_FORMAT "format"
#define SPOOL_NEXT "next"
#define SPOOL_COORDINATOR "coordinator"
#define SPOOL_UNUSED "unused" /* until the first coordinator starts */
#define SPOOL_TMP ".tmp-"     /* every temporary of ours begins so */

struct spool {
	char *path;		    /* the share's root as given, absolute */
	int root_fd;		    /* the share's root */
	int fd;			    /* spool/ */
	int place_fd[SPOOL_PLACES]; /* permanent folders, for renames and syncs; list them with
				       spool_list, which opens afresh; -1: spool_open_lazily, and
				       spool_place has not been asked */
	enum safefs_kind kind;
	char id[SPOOL_ID_HEX + 1]; /* from spool/format */
};

/* Opens a share that spoolctl init has laid out. 0, or negative errno with *ret_why a heap sentence
 * that says what is wrong and what to do. */
int spool_open(const char *path, struct spool *ret, char **ret_why);

/* The same for one who only visits: opens no place. Some may be closed to him (claims/, runners/),
 * and each costs round trips on a network. */
int spool_open_lazily(const char *path, struct spool *ret, char **ret_why);

/* The descriptor of a place, opened when it is first asked for; borrowed. Or negative errno. Not
 * for several threads at once. */
int spool_place(const struct spool *sp, enum spool_place place);

/* The descriptors of an open share are dead: it is opened by its path once more and, if it is the
 * same spool (by its id), the new folders take the numbers of the old ones. 0; -ESTALE: it is
 * another one; other negative errno; *ret_why is then a heap sentence. */
int spool_reopen(struct spool *sp, char **ret_why);

void spool_close(struct spool *sp);

/* The spool/format text of a new share with a random id; heap. */
char *spool_new_format(void);

const char *spool_place_name(enum spool_place place); /* "queued" */

/* Lists a place, opened afresh by path. Litter and temporaries of ours are passed to each too: it
 * decides. As safefs_list. */
int spool_list(const struct spool *sp, enum spool_place place,
	       int (*each)(const char *name, unsigned char type, void *arg), void *arg);

/* The runner's inbox claims/<runner>, opened by path (revalidated on NFS); created (0755) if
 * create. Descriptor or negative errno. */
int spool_open_inbox(const struct spool *sp, const char *runner, bool create);

/* The default state directory for this spool (decisions.md 23), created 0700; refuses network file
 * systems. Heap path, or NULL with *ret_why. */
char *spool_state_dir(const struct spool *sp, const char *given, const char *program,
		      char **ret_why);

/* -- names of job folders: "12-sim", "12.3-sim" -------------------------------------------------- */

struct spool_job_name {
	uint64_t id;
	unsigned attempt;	    /* 0: no number used up yet */
	char name[SPOOL_NAME_SIZE]; /* the reduced name */
};
/* Writes the folder's name into buf (SPOOL_NAME_SIZE + 32 bytes); attempt 0 leaves ".n" out.
 * Returns buf. */
#define SPOOL_FOLDER_SIZE (SPOOL_NAME_SIZE + 32)
char *spool_job_folder(char *buf, uint64_t id, unsigned attempt, const char *name);
int spool_parse_job_folder(const char *folder, struct spool_job_name *ret); /* 0 or -EINVAL */

/* A user's name reduced to [a-z0-9._-] for our folder's name: at most 40 bytes, no leading or
 * trailing dot or dash, no DOS device name; "job" if nothing is left. buf has SPOOL_NAME_SIZE
 * bytes. Returns buf. */
char *spool_reduce_name(const char *name, char *buf);

/* "name.0123abcd" as spoolctl submit drops it (decisions.md 15): splits off a nonce of 8 hex digits
 * preceded by ".submit-". Returns the nonce (borrowed, in name) or NULL; *ret_len the length of the
 * name without it. */
const char *spool_drop_nonce(const char *name, size_t *ret_len);
bool spool_is_nonce(const char *text); /* 8 hex digits and nothing else */

/* -- names in an inbox --------------------------------------------------------------------------- */

enum spool_ticket_kind {
	SPOOL_TICKET_TMP,    /* .tmp-12.1            written, never offered yet */
	SPOOL_TICKET_OFFER,  /* 12.1.offer */
	SPOOL_TICKET_VOID,   /* 12.1.void            withdrawn */
	SPOOL_TICKET_CLAIM,  /* 12.1.claim.<rid> */
	SPOOL_TICKET_DONE,   /* 12.1.done.<rid> */
	SPOOL_TICKET_BACK,   /* 12.1.back.<rid>      given back, nothing of it runs */
	SPOOL_ORDER_CANCEL,  /* 12.1.cancel          end it */
	SPOOL_ORDER_REVOKED, /* 12.1.revoked         marker: no longer yours */
	SPOOL_TICKET_KINDS
};
struct spool_ticket_name {
	uint64_t id;
	unsigned attempt;
	enum spool_ticket_kind kind;
	char rid[SPOOL_RID_SIZE]; /* CLAIM, DONE, BACK; else "" */
};
#define SPOOL_TICKET_SIZE (SPOOL_RID_SIZE + 48)
char *spool_ticket_name(char *buf, uint64_t id, unsigned attempt, enum spool_ticket_kind kind,
			const char *rid);
int spool_parse_ticket_name(
	const char *name, struct spool_ticket_name *ret); /* 0 or -EINVAL (somebody else's file) */

/* -- kinds of names ------------------------------------------------------------------------------ */

bool spool_is_litter(const char *name); /* ._* .DS_Store Thumbs.db desktop.ini ~$* .nfs*
					   .smbdelete*, by systems and editors */
bool spool_is_readme(const char *name); /* README: our own explanation, in every folder of spool/ */
bool spool_is_tmp(const char *name);	/* .tmp-* */
bool spool_is_partial(const char *name); /* a copy in progress: *.part *.crdownload .name.XXXXXX
					    (rsync) .~tmp~ *.filepart *.partial */
bool spool_is_ours(const char *name); /* top-level names in a job folder that are ours: stdout.txt
					 job.result .spool-manifest attempts ... */
bool spool_is_runner_name(const char *name);

#endif
