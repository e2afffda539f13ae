/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * register - the first thing that a runner does on the share.
 *
 * Touches runners/<name>.conf (replaced) and claims/<name>/ (made if missing). Two machines of one
 * name would give back each other's running claims, so a .conf with another machine-id stops us,
 * whether its runner beats or not: whoever knows that the machine is gone may delete it. Both can
 * be done again at any time; a crash between them leaves an inbox without a runner, or a runner
 * that is not there, and nothing is offered to either.
 */
#include "register.h"

#include "beat.h"
#include "cleanup.h"
#include "escape.h"
#include "record.h"
#include "spool.h"

#include <string.h>

#define TRIES 3

static char *conf_name(const char *name)
{
	return xasprintf("%s.conf", name);
}

static int refuse(const struct spool *sp, const char *file, const struct registration *other,
		  char **ret_why)
{
	_cleanup_free_ char *host = escape_text(other->host, ESCAPE_TEXT);

	*ret_why = xasprintf(
		"the runner name %s belongs to another machine (host %s, machine-id %s): "
		"give this one another name with --name; or, if that machine will never be "
		"back, delete %s/spool/%s/%s",
		other->runner, host, other->machine, sp->path, spool_place_name(SPOOL_RUNNERS),
		file);
	return -EEXIST;
}

int register_check(const struct spool *sp, const char *name, const char *machine, char **ret_why)
{
	_cleanup_free_ char *file = conf_name(name), *text = NULL;
	struct registration other = { 0 };
	size_t len;
	int r = safefs_read(sp->place_fd[SPOOL_RUNNERS], file, RECORD_MAX_BYTES, &text, &len, NULL);

	if (r == -ENOENT)
		return 0;
	if (r < 0) {
		*ret_why = xasprintf("%s/spool/%s/%s cannot be read: %s", sp->path,
				     spool_place_name(SPOOL_RUNNERS), file, strerror(-r));
		return r;
	}
	r = registration_parse(text, len, &other);
	if (r == RECORD_FOREIGN) {
		*ret_why = xasprintf(
			"%s/spool/%s/%s is of another version of spool: this program is too "
			"old, or the file is damaged; delete it to register anew",
			sp->path, spool_place_name(SPOOL_RUNNERS), file);
		return -EPROTO;
	}
	if (r == RECORD_WHOLE && strcmp(other.machine, machine) != 0)
		r = refuse(sp, file, &other, ret_why);
	else
		r = 0; /* ours, or torn by a crash: it is written anew */
	registration_free(&other);
	return r;
}

int register_enter(const struct spool *sp, const struct registration *reg, char **ret_why)
{
	_cleanup_free_ char *file = conf_name(reg->runner), *text = NULL;
	size_t len;
	int inbox = spool_open_inbox(sp, reg->runner, true), r = -EAGAIN;

	if (inbox < 0) {
		*ret_why = xasprintf("the inbox %s/spool/%s/%s cannot be made: %s", sp->path,
				     spool_place_name(SPOOL_CLAIMS), reg->runner, strerror(-inbox));
		return inbox;
	}
	close(inbox);
	text = registration_write(reg, &len);
	for (int i = 0; r < 0 && i < TRIES; i++) /* a reply may be lost: once more does no harm */
		r = safefs_replace(sp->place_fd[SPOOL_RUNNERS], file, text, len, 0644, true);
	if (r < 0)
		*ret_why = xasprintf("the registration %s/spool/%s/%s cannot be written: %s",
				     sp->path, spool_place_name(SPOOL_RUNNERS), file, strerror(-r));
	return r;
}
