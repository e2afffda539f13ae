/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * renew - brings what this host believes of a folder on a network up to date.
 */
#ifndef SPOOL_RENEW_H
#define SPOOL_RENEW_H

#include <stddef.h>

#define RENEW_MOST 10000 /* entries that a person waits for */

/*
 * Asks the server about all entries of the folder, at most most of them: from then on a plain stat
 * or open by any program of this host sees names, sizes and contents as they are now. Follows no
 * link; what cannot be read is passed over. Returns how many entries were asked for, or negative
 * errno if the folder cannot be opened.
 */
int renew_folder(int dirfd, const char *folder, size_t most);

#endif
