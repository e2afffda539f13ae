/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * beat - a runner's registration (runners/<name>.conf, written at start) and heartbeat
 * (runners/<name>.beat, replaced every beat).
 */
#ifndef SPOOL_BEAT_H
#define SPOOL_BEAT_H

#include "xalloc.h"

#include <stdint.h>

#define REGISTRATION_MAGIC "spool-runner 1"
#define BEAT_MAGIC "spool-beat 1"

struct registration {
	char *runner;	/* name, [a-z0-9._-], at most 32 bytes */
	char *instance; /* rid: name-boot-nonce */
	char *machine;	/* machine-id, 32 hex */
	char *host;	/* host name, for people */
	char *platform; /* "linux-x86_64" */
	char *kernel;	/* "6.1.0-18-amd64" */
	char *cpu;	/* model name, may be "" */
	unsigned cores, slots;
	uint64_t memory;	 /* bytes given to jobs */
	struct strlist software; /* "python3 3.11.2": name, blank, version or "?" */
	char *version;		 /* of spool-runner */
	int64_t started_at;	 /* wall ms */
	int64_t freeze_ms;	 /* it freezes its jobs so long after its last beat; 0: never */
	char *freezer;		 /* "cgroup" or "signals"; NULL: none */
};

struct beat {
	char *instance;
	uint64_t counter;     /* + 1 each beat */
	int64_t at;	      /* wall ms, for people only */
	double load;	      /* 1 minute */
	uint64_t free_memory; /* bytes, MemAvailable */
	unsigned free_slots;
	char *state;		/* "IDLE" "MIXED" "BUSY" "DRAINING" "DRAINED" "UNFIT" */
	struct strlist running; /* "12.1" of what runs now */
};

/* Texts of whole records; heap (NULL: larger than a block may be, record.h). Parsers: enum
 * record_verdict (RECORD_WHOLE fills *ret), or -EBADMSG. */
char *registration_write(const struct registration *r, size_t *ret_len);
int registration_parse(const char *text, size_t len, struct registration *ret);
void registration_free(struct registration *r);

char *beat_write(const struct beat *b, size_t *ret_len);
int beat_parse(const char *text, size_t len, struct beat *ret);
void beat_free(struct beat *b);

/* True if the registration's software has the name. */
int registration_has(const struct registration *r, const char *software);

#endif
