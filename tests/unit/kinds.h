/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kinds - a scratch folder with one of each kind that an ordinary user can make: dir/file, links,
 * a fifo, a socket.
 */
#ifndef SPOOL_KINDS_H
#define SPOOL_KINDS_H

#include "scratch.h"

#include <sys/socket.h>
#include <sys/un.h>

static inline void make_socket(const struct scratch *s, const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", s->path, name);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);
}

/* One of each kind. */
static inline struct scratch kinds(void)
{
	struct scratch s = scratch_new();

	scratch_write(&s, "dir/file", "bytes");
	assert_int_equal(symlinkat("file", s.fd, "dir/link"), 0);
	assert_int_equal(symlinkat("dir", s.fd, "dirlink"), 0);
	assert_int_equal(symlinkat("dir/file", s.fd, "link"), 0);
	assert_int_equal(symlinkat("/etc/passwd", s.fd, "away"), 0);
	assert_int_equal(symlinkat("..", s.fd, "up"), 0);
	assert_int_equal(symlinkat("nowhere", s.fd, "dangling"), 0);
	assert_int_equal(mkfifoat(s.fd, "fifo", 0600), 0);
	make_socket(&s, "socket");
	return s;
}

#endif
