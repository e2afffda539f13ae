/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * host - what this machine is and has.
 */
#ifndef RUNNER_HOST_H
#define RUNNER_HOST_H

#include <stdint.h>

struct host {
	char *name;	 /* host name, for people */
	char *machine;	 /* machine-id, 32 hex digits; NULL if the machine has none */
	char *platform;	 /* "linux-x86_64" */
	char *kernel;	 /* "6.1.0-18-amd64" */
	char *cpu;	 /* model name, "" where /proc does not tell */
	unsigned cores;	 /* that this process may use: affinity and cgroup's quota, >= 1 */
	uint64_t memory; /* bytes that it may use: the machine's or the cgroup's limit */
};

/* Looks around. root is put before /proc, /sys and /etc: "" but in tests. */
void host_look(const char *root, struct host *ret);
void host_free(struct host *h);

/* What a heartbeat tells: load of the last minute and bytes available now. */
void host_now(const char *root, double *ret_load, uint64_t *ret_free);

#endif
