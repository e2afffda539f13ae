/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * share - a share that was lost is opened anew.
 *
 * Reads spool/format, whose id tells one spool from another; makes claims/<runner>/ if this is the
 * spool that we know. Open descriptors are changed for new ones together or not at all.
 *
 * ESTALE and ENOENT say that what is open here is not what is there; other trouble (EIO, EHOSTDOWN
 * after a minute of silence) ends with the network's, unless the share was mounted anew meanwhile.
 */
#include "share.h"

#include "cleanup.h"
#include "clock.h"
#include "log.h"

#include <errno.h>
#include <string.h>

#define PATIENCE_MS 30000

static int mend(struct share *share)
{
	_cleanup_free_ char *why = NULL;
	struct spool fresh;
	int inbox, r = spool_open(share->sp.path, &fresh, &why);

	if (r < 0) {
		log_trouble("the share", "the share is lost, trying again: %s", why);
		return r;
	}
	if (strcmp(fresh.id, share->sp.id) != 0) {
		log_trouble("the share",
			    "%s holds another spool now (%s, it was %s): nothing is done until the "
			    "first one is back; restart this runner to work for the new one",
			    share->sp.path, fresh.id, share->sp.id);
		spool_close(&fresh);
		return -ESTALE;
	}
	inbox = spool_open_inbox(&fresh, share->name, true);
	if (inbox < 0) {
		log_trouble("the share", "the inbox of %s cannot be opened: %s", share->name,
			    strerror(-inbox));
		spool_close(&fresh);
		return inbox;
	}
	close(inbox);
	spool_close(&share->sp);
	share->sp = fresh;
	share->durable.whole.local = fresh.kind == SAFEFS_LOCAL;
	share->trouble_since = 0;
	log_info("the share of the runner %s was opened anew", share->name);
	return 0;
}

int share_rescue(struct share *share, int error)
{
	int64_t now = clock_boot_ms();

	if (share->trouble_since == 0)
		share->trouble_since = now;
	if (error != -ESTALE && safefs_is_trouble(error) &&
	    now - share->trouble_since < PATIENCE_MS) {
		log_trouble("the share", "the share does not work: %s", strerror(-error));
		return error;
	}
	share->trouble_since = now;
	return mend(share);
}
