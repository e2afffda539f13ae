/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sign - the record in spool/coordinator, read and made. guard.c decides what follows from it and
 * writes it; what a crash leaves half written has no valid checksum, and is called torn here.
 */
#include "sign.h"

#include "cfgfile.h"
#include "cleanup.h"
#include "clock.h"
#include "complaint.h"
#include "machine.h"
#include "record.h"
#include "xalloc.h"

#include <inttypes.h>
#include <string.h>

#define MAGIC "spool-coordinator 1"
#define COUNTER_WIDTH 20 /* so that every record has one length */

static const struct cfgfile_key sign_keys[] = {
	{ "instance", CFGFILE_WORD, NULL }, { "machine", CFGFILE_WORD, NULL },
	{ "host", CFGFILE_WORD, NULL },	    { "pid", CFGFILE_WORD, NULL },
	{ "lock", CFGFILE_WORD, NULL },	    { "at_work", CFGFILE_WORD, NULL },
	{ "counter", CFGFILE_WORD, NULL },  { "at", CFGFILE_WORD, NULL },
	{ NULL, CFGFILE_WORD, NULL },
};
static const struct cfgfile_key top_keys[] = {
	{ "coordinator", CFGFILE_SECTION, sign_keys },
	{ NULL, CFGFILE_WORD, NULL },
};

void sign_free(struct sign *s)
{
	free(s->instance);
	free(s->machine);
	free(s->host);
	free(s->counter);
	free(s->lock);
	*s = (struct sign){ 0 };
}

static char *copy_word(const struct cfgfile *f, const char *key)
{
	const char *word = cfgfile_word(f, key);

	return xstrdup(word ? word : "");
}

static void take(const struct cfgfile *s, struct sign *ret)
{
	const char *at_work = cfgfile_word(s, "at_work");

	*ret = (struct sign){
		.instance = copy_word(s, "instance"),
		.machine = copy_word(s, "machine"),
		.host = copy_word(s, "host"),
		.counter = copy_word(s, "counter"),
		.lock = copy_word(s, "lock"),
		.at_work = at_work && strcmp(at_work, "yes") == 0,
	};
}

int sign_read(const struct spool *sp, struct sign *ret)
{
	_cleanup_close_ int fd = safefs_open_dir(sp->root_fd, "spool");
	_cleanup_free_ char *text = NULL;
	struct complaint c = { 0 };
	struct cfgfile *f = NULL;
	size_t len, valid, body_len;
	const char *body;
	int r = fd < 0 ? fd
		       : safefs_read(fd, SPOOL_COORDINATOR, RECORD_MAX_BYTES, &text, &len, NULL);

	if (r < 0)
		return r;
	if (record_check(text, len, MAGIC, &valid) != RECORD_WHOLE)
		return -EBADMSG;
	body = record_body(text, valid, &body_len);
	f = cfgfile_parse(SPOOL_COORDINATOR, body, body_len, top_keys, CFGFILE_RECORD, &c);
	complaint_free(&c);
	if (f && cfgfile_sections(f, "coordinator") == 1)
		take(cfgfile_section(f, "coordinator", 0), ret);
	else
		r = -EBADMSG;
	if (f)
		cfgfile_free(f);
	return r;
}

char *sign_text(const char *instance, const char *lock, bool at_work, size_t *ret_len)
{
	static uint64_t last;
	char stamp[CLOCK_STAMP_SIZE];
	_cleanup_free_ char *counter = xasprintf("%" PRIu64 "\"", ++last), *block = NULL;

	block = xasprintf("coordinator {\n  instance = \"%s\"\n  machine = \"%s\"\n"
			  "  host = \"%s\"\n  pid = \"%d\"\n  lock = \"%s\"\n"
			  "  at_work = %-5s\n  counter = \"%-*s\n  at = \"%s\"\n}\n",
			  instance, machine_id(), machine_name(), (int)getpid(), lock,
			  at_work ? "\"yes\"" : "\"no\"", COUNTER_WIDTH + 1, counter,
			  clock_stamp(clock_wall_ms(), stamp));
	return record_append("", 0, MAGIC, block, ret_len);
}
