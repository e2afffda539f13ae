/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * holder - which process of this machine is the runner of a name.
 *
 * Connects to the runner's socket and hangs up; the kernel tells who made it. Leaves nothing.
 */
#include "holder.h"

#include "cleanup.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

socklen_t holder_address(const char *spool_id, const char *name, struct sockaddr_un *ret)
{
	int len;

	memset(ret, 0, sizeof(*ret));
	ret->sun_family = AF_UNIX;
	/* The first byte is zero: a name without a file. */
	len = snprintf(ret->sun_path + 1, sizeof(ret->sun_path) - 1, "spool-runner/%s/%s", spool_id,
		       name);
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)len);
}

int holder_socket(void)
{
	return socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

bool holder_ask(const char *spool_id, const char *name, struct ucred *ret)
{
	_cleanup_close_ int fd = holder_socket();
	struct sockaddr_un addr;
	socklen_t len = holder_address(spool_id, name, &addr), size = sizeof(*ret);

	return fd >= 0 && connect(fd, (struct sockaddr *)&addr, len) == 0 &&
	       getsockopt(fd, SOL_SOCKET, SO_PEERCRED, ret, &size) == 0;
}
