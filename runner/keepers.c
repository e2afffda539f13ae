/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * keepers - the table of keepers.
 *
 * Forks them; each is one process and one socket. A keeper that is told nothing for a while is sent
 * home, but for one. The launcher killed: all of them hear it by the end of their sockets.
 */
#include "keepers.h"

#include "keeper.h"
#include "xalloc.h"

#include <linux/close_range.h>
#include <sys/socket.h>
#include <unistd.h>

struct slot *keepers_new(struct keepers *k)
{
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return NULL;
	pid = fork();
	if (pid == 0) {
		if (dup2(pair[1], FD_SOCK) < 0 || close_range(FD_FREE, ~0U, 0) < 0)
			_exit(1);
		keeper_run(FD_SOCK);
	}
	close(pair[1]);
	if (pid < 0) {
		close(pair[0]);
		return NULL;
	}
	k->slots = xrealloc(k->slots, k->count + 1, sizeof(*k->slots));
	k->slots[k->count] = (struct slot){ .pid = pid, .sock = pair[0] };
	return &k->slots[k->count++];
}

static bool is_idle(const struct slot *s)
{
	return s->tag == 0 && s->pid && s->sock >= 0;
}

struct slot *keepers_idle(const struct keepers *k)
{
	for (size_t i = 0; i < k->count; i++)
		if (is_idle(&k->slots[i]))
			return &k->slots[i];
	return NULL;
}

size_t keepers_idle_count(const struct keepers *k)
{
	size_t n = 0;

	for (size_t i = 0; i < k->count; i++)
		n += is_idle(&k->slots[i]);
	return n;
}

size_t keepers_busy_count(const struct keepers *k)
{
	size_t n = 0;

	for (size_t i = 0; i < k->count; i++)
		n += k->slots[i].tag != 0;
	return n;
}

void keepers_send_home(struct keepers *k)
{
	bool stays = false;

	for (size_t i = 0; i < k->count; i++) {
		if (!is_idle(&k->slots[i]))
			continue;
		if (stays)
			keepers_close(&k->slots[i]);
		stays = true;
	}
}

struct slot *keepers_with_tag(const struct keepers *k, uint64_t tag)
{
	for (size_t i = 0; i < k->count; i++)
		if (k->slots[i].tag == tag)
			return &k->slots[i];
	return NULL;
}

struct slot *keepers_with_pid(const struct keepers *k, pid_t pid)
{
	for (size_t i = 0; i < k->count; i++)
		if (k->slots[i].pid == pid)
			return &k->slots[i];
	return NULL;
}

void keepers_close(struct slot *s)
{
	if (s->sock >= 0)
		close(s->sock);
	s->sock = -1;
}

void keepers_drop(struct keepers *k, struct slot *s)
{
	keepers_close(s);
	*s = k->slots[--k->count];
}
