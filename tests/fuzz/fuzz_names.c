/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_names - any bytes as a name that somebody has given to a file on the share: what a parser
 * takes its writer writes again byte by byte, and what is reduced is safe. Touches nothing.
 */
#include "spool.h"
#include "xalloc.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_job_folder(const char *name)
{
	char again[SPOOL_FOLDER_SIZE];
	struct spool_job_name n;

	if (spool_parse_job_folder(name, &n) < 0)
		return;
	assert(n.id > 0 && n.attempt <= 1000000);
	assert(strcmp(spool_job_folder(again, n.id, n.attempt, n.name), name) == 0);
}

static void check_ticket(const char *name)
{
	char again[SPOOL_TICKET_SIZE];
	struct spool_ticket_name n;

	if (spool_parse_ticket_name(name, &n) < 0)
		return;
	assert(n.id > 0 && n.attempt > 0);
	assert(!strchr(n.rid, '/'));
	assert(strcmp(spool_ticket_name(again, n.id, n.attempt, n.kind, n.rid), name) == 0);
	assert(spool_is_tmp(name) == (n.kind == SPOOL_TICKET_TMP));
}

static void check_reduced(const char *name)
{
	char reduced[SPOOL_NAME_SIZE], twice[SPOOL_NAME_SIZE], folder[SPOOL_FOLDER_SIZE];
	struct spool_job_name n;
	size_t len;

	assert(spool_reduce_name(name, reduced) == reduced);
	len = strlen(reduced);
	assert(len > 0 && len <= 40);
	assert(strspn(reduced, "abcdefghijklmnopqrstuvwxyz0123456789._-") == len);
	assert(!strchr(".-", reduced[0]) && !strchr(".-", reduced[len - 1]));
	assert(strcmp(spool_reduce_name(reduced, twice), reduced) == 0);
	assert(spool_parse_job_folder(spool_job_folder(folder, 1, 2, reduced), &n) == 0);
	assert(strcmp(n.name, reduced) == 0);
}

static void check_drop(const char *name)
{
	size_t len = 0, whole = strlen(name);
	const char *nonce = spool_drop_nonce(name, &len);

	assert(len == (nonce ? whole - strlen(".submit-01234567") : whole));
	assert(!nonce || (len > 0 && strlen(nonce) == 8));
}

static void check_kinds(const char *name)
{
	size_t len = strlen(name);

	if (spool_is_runner_name(name))
		assert(len > 0 && len <= SPOOL_RUNNER_MAX && !strchr(name, '/'));
	if (spool_is_tmp(name))
		assert(spool_is_ours(name));
	if (spool_is_litter(name))
		assert(!spool_is_ours(name) && !spool_is_readme(name));
	(void)spool_is_partial(name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *name = xstrndup((const char *)data, size);

	check_job_folder(name);
	check_ticket(name);
	check_reduced(name);
	check_drop(name);
	check_kinds(name);
	free(name);
	return 0;
}
