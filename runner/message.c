/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * message - packets between daemon, launcher and keepers.
 *
 * Touches the sockets only. A START is a fixed head and then zero-terminated strings: the program,
 * its arguments, its environment. A reader trusts no count before it has found as many strings.
 */
#include "message.h"

#include "xalloc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct start_head {
	uint32_t type;
	uint32_t argc;
	uint64_t tag;
	int64_t ttl_ms, kill_wait_ms;
	uint32_t envc;
};

/* START is as long as it is. */
static const size_t sizes[] = {
	[MESSAGE_END] = sizeof(struct message_plain),
	[MESSAGE_ADOPT] = sizeof(struct message_plain),
	[MESSAGE_HELLO] = sizeof(struct message_hello),
	[MESSAGE_LOCK] = sizeof(struct message_lock),
	[MESSAGE_STOP] = sizeof(struct message_stop),
	[MESSAGE_REPORT] = sizeof(struct message_report),
	[MESSAGE_RENEW] = sizeof(struct message_renew),
	[MESSAGE_FREEZE] = sizeof(struct message_plain),
	[MESSAGE_THAW] = sizeof(struct message_plain),
	[MESSAGE_RUNS] = sizeof(struct message_tag),
	[MESSAGE_FORGET] = sizeof(struct message_tag),
};

_Static_assert(offsetof(struct start_head, tag) == offsetof(struct message_stop, tag) &&
		       offsetof(struct start_head, tag) == offsetof(struct message_report, tag) &&
		       offsetof(struct start_head, tag) == offsetof(struct message_tag, tag),
	       "message_tag finds the tag of each");

static uint32_t count(char *const *list, size_t *bytes)
{
	uint32_t n = 0;

	for (; list[n]; n++)
		*bytes += strlen(list[n]) + 1;
	return n;
}

static char *put(char *at, const char *s)
{
	size_t len = strlen(s) + 1;

	memcpy(at, s, len);
	return at + len;
}

char *message_build_start(const struct message_start *start, size_t *ret_len)
{
	struct start_head head = {
		.type = MESSAGE_START,
		.tag = start->tag,
		.ttl_ms = start->ttl_ms,
		.kill_wait_ms = start->kill_wait_ms,
	};
	size_t len = sizeof(head) + strlen(start->program) + 1;
	char *packet, *at;

	head.argc = count(start->argv, &len);
	head.envc = count(start->envp, &len);
	if (len > MESSAGE_MAX_BYTES)
		return NULL;
	packet = xcalloc(1, len);
	memcpy(packet, &head, sizeof(head));
	at = put(packet + sizeof(head), start->program);
	for (uint32_t i = 0; i < head.argc; i++)
		at = put(at, start->argv[i]);
	for (uint32_t i = 0; i < head.envc; i++)
		at = put(at, start->envp[i]);
	*ret_len = len;
	return packet;
}

/* The next string of the packet, or NULL at its end. */
static char *take(char **at, const char *end)
{
	char *s = *at, *zero = memchr(s, '\0', (size_t)(end - s));

	if (!zero)
		return NULL;
	*at = zero + 1;
	return s;
}

/* A heap array of the next n strings; NULL if there are fewer. */
static char **take_list(char **at, const char *end, uint32_t n)
{
	char **list;

	if (n > (size_t)(end - *at))
		return NULL;
	list = xcalloc((size_t)n + 1, sizeof(*list));
	for (uint32_t i = 0; i < n; i++) {
		list[i] = take(at, end);
		if (!list[i]) {
			free(list);
			return NULL;
		}
	}
	return list;
}

int message_open_start(char *packet, size_t len, struct message_start *ret)
{
	struct message_start start = { 0 };
	struct start_head head;
	char *at = packet + sizeof(head), *end = packet + len;

	if (len < sizeof(head))
		return -EBADMSG;
	memcpy(&head, packet, sizeof(head));
	start.tag = head.tag;
	start.ttl_ms = head.ttl_ms;
	start.kill_wait_ms = head.kill_wait_ms;
	start.program = take(&at, end);
	if (start.program)
		start.argv = take_list(&at, end, head.argc);
	if (start.argv)
		start.envp = take_list(&at, end, head.envc);
	if (!start.envp || head.argc == 0 || at != end) {
		message_free_start(&start);
		return -EBADMSG;
	}
	*ret = start;
	return 0;
}

void message_free_start(struct message_start *start)
{
	free(start->argv);
	free(start->envp);
	start->argv = start->envp = NULL;
}

enum message_type message_type(const void *packet, size_t len)
{
	uint32_t type = 0;

	if (len >= sizeof(type))
		memcpy(&type, packet, sizeof(type));
	if (type == MESSAGE_START)
		return len > sizeof(struct start_head) ? MESSAGE_START : 0;
	return type < sizeof(sizes) / sizeof(sizes[0]) && sizes[type] && len == sizes[type] ? type
											    : 0;
}

int message_send_plain(int sock, enum message_type type, int flags)
{
	const struct message_plain plain = { .type = type };

	return message_send(sock, &plain, sizeof(plain), NULL, 0, flags);
}

uint64_t message_tag(const void *packet)
{
	uint64_t tag;

	memcpy(&tag, (const char *)packet + offsetof(struct message_stop, tag), sizeof(tag));
	return tag;
}

int message_send(int sock, const void *packet, size_t len, const int *fds, unsigned n, int flags)
{
	struct iovec iov = { .iov_base = (void *)(uintptr_t)packet, .iov_len = len };
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(MESSAGE_MAX_FDS * sizeof(int))];
	} control;
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t sent;

	if (n > 0) {
		struct cmsghdr *c = &control.align;

		memset(&control, 0, sizeof(control));
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(n * sizeof(int));
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(n * sizeof(int));
		memcpy(CMSG_DATA(c), fds, n * sizeof(int));
	}
	do
		sent = sendmsg(sock, &msg, flags | MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	return sent < 0 ? -errno : 0;
}

ssize_t message_receive(int sock, void *buf, size_t size, int *fds, int flags)
{
	struct iovec iov = { .iov_base = buf, .iov_len = size };
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(MESSAGE_MAX_FDS * sizeof(int))];
	} control;
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	ssize_t len;

	for (unsigned i = 0; i < MESSAGE_MAX_FDS; i++)
		fds[i] = -1;
	/* ECONNRESET comes once, from one that ended without having read all: what he had sent is
	 * still there. */
	do
		len = recvmsg(sock, &msg, flags | MSG_CMSG_CLOEXEC);
	while (len < 0 && (errno == EINTR || errno == ECONNRESET));
	if (len < 0)
		return -errno;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
			memcpy(fds, CMSG_DATA(c), c->cmsg_len - CMSG_LEN(0));
	return len;
}
