/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * message - what daemon, launcher and keepers tell one another over SOCK_SEQPACKET sockets.
 *
 *   daemon -> launcher               LOCK, RENEW, FORGET, END; ADOPT from one that comes later
 *   daemon -> launcher -> keeper     START, STOP
 *             launcher -> keeper     FREEZE, THAW
 *   keeper -> launcher -> daemon     REPORT, exactly one for each START
 *             launcher -> daemon     HELLO, which answers LOCK and ADOPT; then RUNS for each job
 * that lives and REPORT for each that is not FORGOTten
 *
 * With LOCK come the lock's descriptors, and with HELLO they come back; with START a socket, the
 * parcel, in which the child finds its folder and streams. Launcher and keeper leave it closed:
 * they hold no file of the share.
 *
 * Each message is one packet: it arrives whole or not at all, and the end of the other process is
 * the end of the file. All three are one program, so numbers travel as they lie in memory; but a
 * daemon that adopts may be of a newer version than the launcher, so HELLO tells MESSAGE_VERSION,
 * and the numbers of ADOPT, HELLO and END stay as they are.
 */
#ifndef RUNNER_MESSAGE_H
#define RUNNER_MESSAGE_H

#include "spool.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define MESSAGE_VERSION 1	       /* of everything in this file */
#define MESSAGE_MAX_BYTES (160 * 1024) /* a ticket's block (64 KiB) and what we add fit easily */
#define MESSAGE_MAX_FDS 3

enum message_type {
	MESSAGE_END = 1, /* all jobs are killed, and the launcher ends */
	MESSAGE_ADOPT,
	MESSAGE_HELLO,
	MESSAGE_LOCK,
	MESSAGE_START,
	MESSAGE_STOP,
	MESSAGE_REPORT,
	MESSAGE_RENEW,
	MESSAGE_FREEZE,
	MESSAGE_THAW,
	MESSAGE_RUNS,
	MESSAGE_FORGET, /* the ticket of the job has left: its report is not wanted again */
};

/* Why a job was ended by us; kept in the report. */
enum message_why {
	WHY_NOT, /* it ended by itself */
	WHY_TTL,
	WHY_CANCEL,
	WHY_EVICT /* the runner stops, or the attempt is no longer ours */
};

/* The step of a start that failed; STEP_NONE: the program ran. */
enum message_step {
	STEP_NONE,
	STEP_KEEPER, /* no keeper for it: fork failed */
	STEP_FORK,
	STEP_FOLDER, /* the job's folder as working directory */
	STEP_STDIN,
	STEP_STDOUT,
	STEP_STDERR,
	STEP_SETUP,	  /* limits and the like */
	STEP_PROGRAM,	  /* execve */
	STEP_INTERPRETER, /* the program is there, what its first line or header names is not */
	STEP_COPY,	  /* no x bit, and the copy in memory could not be made */
	STEP_LEASE,	  /* the lease had run out: nothing was started */
	STEP_LOST_KEEPER  /* it was started, then its keeper was killed */
};

/* START, STOP, REPORT, RUNS and FORGET have their tag at the same place (message_tag). */
struct message_tag { /* RUNS and FORGET */
	uint32_t type;
	uint32_t why; /* RUNS: the STOP passed on to it */
	uint64_t tag;
};

struct message_plain { /* END, ADOPT, FREEZE and THAW */
	uint32_t type;
};

struct message_lock {
	uint32_t type;
	char rid[SPOOL_RID_SIZE]; /* the instance, whichever daemon acts for it */
};

/* A sign of life was acknowledged, and after that the inbox was looked at: whatever is not ours any
 * more was told to stop before. The rest may run. */
struct message_renew {
	uint32_t type;
	uint32_t zero;
	int64_t good_until; /* boot ms: then all jobs are frozen */
	uint64_t beats;	    /* the counter of that sign */
};

struct message_hello {
	uint32_t type;
	uint32_t version;
	uint32_t count;	    /* of the packets that follow */
	uint32_t by_cgroup; /* jobs are frozen by control groups, not by signals */
	uint64_t beats;	    /* of the last RENEW */
	char rid[SPOOL_RID_SIZE];
};

struct message_stop {
	uint32_t type;
	uint32_t why;
	uint64_t tag;	      /* the daemon's number of the job, never 0 */
	int64_t kill_wait_ms; /* between SIGTERM and SIGKILL; 0: SIGKILL at once */
};

struct message_report {
	uint32_t type;
	uint32_t why;
	uint64_t tag;
	uint32_t step;
	int32_t error;	     /* errno of the step */
	int32_t exit_code;   /* -1: none */
	int32_t term_signal; /* 0: none */
	int64_t started_at;  /* wall ms */
	int64_t finished_at;
	int64_t wall_ms;      /* of the main process, by CLOCK_BOOTTIME */
	int64_t cpu_us;	      /* of everything that the job ran */
	uint64_t peak_memory; /* bytes, of the largest process */
	uint32_t leftovers;   /* processes that outlived the main one and were killed */
};

/* A START, taken apart. All pointers but the arrays point into the packet. */
struct message_start {
	uint64_t tag;
	int64_t ttl_ms;
	int64_t kill_wait_ms; /* between SIGTERM and SIGKILL at the end of ttl */
	const char *program;  /* what is executed: absolute, or relative to the job's folder */
	char **argv, **envp;  /* heap arrays, each ends with NULL */
};

/* The packet of a START; heap. NULL if it would be larger than MESSAGE_MAX_BYTES. */
char *message_build_start(const struct message_start *start, size_t *ret_len);

/* Takes a packet apart. 0, or -EBADMSG. message_free_start frees the arrays. */
int message_open_start(char *packet, size_t len, struct message_start *ret);
void message_free_start(struct message_start *start);

/* The type of a packet that has the size of its type; 0: rubbish. */
enum message_type message_type(const void *packet, size_t len);

/* Sends a packet that is a type and no more. 0, or negative errno. */
int message_send_plain(int sock, enum message_type type, int flags);

/* The tag of a packet that has one. */
uint64_t message_tag(const void *packet);

/* Sends one packet with count descriptors (at most MESSAGE_MAX_FDS); flags as sendmsg(2).
 * 0, or negative errno. */
int message_send(int sock, const void *packet, size_t len, const int *fds, unsigned count,
		 int flags);

/* Receives one packet into buf. Returns its length; 0: the other end is closed; negative errno
 * (-EAGAIN with MSG_DONTWAIT). fds has room for MESSAGE_MAX_FDS, those that did not come are -1. */
ssize_t message_receive(int sock, void *buf, size_t size, int *fds, int flags);

#endif
