/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * users - names of user ids. Memory only; a renamed account is seen after the next start.
 */
#include "users.h"

#include "xalloc.h"

#include <pwd.h>
#include <stdlib.h>
#include <uthash.h>

static struct user {
	uid_t uid;
	char *name;
	UT_hash_handle hh;
} * users;

const char *users_name(uid_t uid)
{
	struct passwd pw, *found = NULL;
	struct user *user;
	char buf[4096];

	HASH_FIND(hh, users, &uid, sizeof(uid), user);
	if (user)
		return user->name;
	user = xcalloc(1, sizeof(*user));
	user->uid = uid;
	if (getpwuid_r(uid, &pw, buf, sizeof(buf), &found) == 0 && found)
		user->name = xstrdup(pw.pw_name);
	else
		user->name = xasprintf("#%u", (unsigned)uid);
	HASH_ADD(hh, users, uid, sizeof(user->uid), user);
	return user->name;
}

void users_free(void)
{
	struct user *user, *next;

	HASH_ITER(hh, users, user, next) {
		HASH_DEL(users, user);
		free(user->name);
		free(user);
	}
}
