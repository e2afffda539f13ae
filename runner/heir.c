/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * heir - the door of a launcher that is alone.
 *
 * Touches sockets only and waits for nobody: callers are not yet known to be what they say. The
 * kernel tells whose process called.
 */
#include "heir.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

void heir_drop(int *heir)
{
	if (*heir >= 0)
		close(*heir);
	*heir = -1;
}

void heir_let_in(int *heir, int listening)
{
	int fd = accept4(listening, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct ucred who;
	socklen_t size = sizeof(who);

	if (fd < 0)
		return;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) < 0 || who.uid != geteuid()) {
		close(fd);
		return;
	}
	heir_drop(heir);
	*heir = fd;
}

enum message_type heir_hear(int *heir)
{
	struct message_plain plain = { 0 };
	int fds[MESSAGE_MAX_FDS];
	ssize_t len = message_receive(*heir, &plain, sizeof(plain), fds, MSG_DONTWAIT);
	enum message_type type = len > 0 ? message_type(&plain, (size_t)len) : 0;

	for (int i = 0; i < MESSAGE_MAX_FDS; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	if (type == MESSAGE_ADOPT || type == MESSAGE_END)
		return type;
	if (len != -EAGAIN)
		heir_drop(heir);
	return 0;
}
