/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * holder - which process of this machine is the runner of a name: the one that listens at a socket
 * with an abstract name, which holds spool and runner.
 */
#ifndef SPOOL_HOLDER_H
#define SPOOL_HOLDER_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>

/* A new socket of the kind that listens there, or -1. It keeps packets apart: to a daemon that
 * begins, the launcher of one that was killed speaks by it (runner/message.h). */
int holder_socket(void);

/* The socket's address, and its length. */
socklen_t holder_address(const char *spool_id, const char *name, struct sockaddr_un *ret);

/* Who listens there, as the kernel knows him. False: nobody. */
bool holder_ask(const char *spool_id, const char *name, struct ucred *ret);

#endif
