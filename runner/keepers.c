/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * keepers - the table of keepers.
 *
 * Forks them; each is one process and one socket. A keeper that is told nothing for a while is sent
 * home, but for one. The launcher killed: all of them hear it by the end of their sockets.
 */
#include "keepers.h"

#include "cgroup.h"
#include "keeper.h"
#include "xalloc.h"

#include <linux/close_range.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static char *group_name(unsigned number, char name[16])
{
	snprintf(name, 16, "%u", number);
	return name;
}

/* The smallest number that no keeper has. */
static unsigned free_number(const struct keepers *k)
{
	unsigned number = 1;

	for (size_t i = 0; i < k->count; i++)
		if (k->slots[i].number == number) {
			number++;
			i = (size_t)-1; /* from the beginning */
		}
	return number;
}

static noreturn void become_keeper(int sock, int group)
{
	if (dup2(sock, FD_SOCK) < 0 || (group >= 0 && dup2(group, FD_CGROUP) < 0) ||
	    close_range(FD_FREE, ~0U, 0) < 0)
		_exit(1);
	keeper_run(FD_SOCK, group < 0 ? -1 : FD_CGROUP);
}

struct slot *keepers_new(struct keepers *k)
{
	unsigned number = free_number(k);
	char name[16];
	int pair[2], group;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return NULL;
	group = cgroup_make(k->cgroup, group_name(number, name));
	pid = fork();
	if (pid == 0)
		become_keeper(pair[1], group);
	close(pair[1]);
	if (group >= 0)
		close(group);
	if (pid < 0) {
		close(pair[0]);
		return NULL;
	}
	k->slots = xrealloc(k->slots, k->count + 1, sizeof(*k->slots));
	k->slots[k->count] = (struct slot){ .number = number, .pid = pid, .sock = pair[0] };
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
	char name[16];

	keepers_close(s);
	cgroup_remove(k->cgroup, group_name(s->number, name));
	*s = k->slots[--k->count];
}
