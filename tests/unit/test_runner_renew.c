/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_runner_renew - the lease is renewed only after an acknowledged heartbeat and the look that
 * followed it, and what is not ours any more is stopped before.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runshare.h"

#include "../../runner/message.h"
#include "clock.h"

#include <sys/socket.h>

#define FREEZE_MS 25000

struct renewing {
	struct runshare *s;
	struct pass *p;
	struct pass_known known[3];
	int launcher; /* the other end */
};

static int set_up(void **state)
{
	struct renewing *n = xcalloc(1, sizeof(*n));
	int pair[2];

	n->s = runshare_new();
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	n->s->share.launcher = pair[0];
	n->launcher = pair[1];
	n->s->share.freeze_ms = FREEZE_MS;
	n->s->share.good_until = clock_boot_ms() + 60000;
	for (unsigned i = 0; i < 3; i++) {
		runshare_ticket(n->s, i + 1, "claim." RID, true);
		n->known[i] = (struct pass_known){
			.id = i + 1, .tag = i + 1, .attempt = 1, .held = true
		};
	}
	n->p = pass_new(&n->s->share, NULL);
	n->p->known = xcalloc(3, sizeof(n->known[0]));
	memcpy(n->p->known, n->known, sizeof(n->known));
	n->p->known_count = 3;
	n->p->beat.counter = 7;
	n->p->beat_sent = clock_boot_ms();
	*state = n;
	return 0;
}

static int tear_down(void **state)
{
	struct renewing *n = *state;

	if (n->p->inbox >= 0)
		close(n->p->inbox);
	pass_free(n->p);
	close(n->s->share.launcher);
	close(n->launcher);
	runshare_free(n->s);
	free(n);
	return 0;
}

/* The next packet that the launcher got; 0: none. */
static enum message_type heard(struct renewing *n, void *packet, size_t size)
{
	int fds[MESSAGE_MAX_FDS];
	ssize_t len = message_receive(n->launcher, packet, size, fds, MSG_DONTWAIT);

	return len > 0 ? message_type(packet, (size_t)len) : 0;
}

static void assert_stopped(struct renewing *n, uint64_t tag)
{
	struct message_stop stop;

	assert_int_equal(heard(n, &stop, sizeof(stop)), MESSAGE_STOP);
	assert_int_equal(stop.tag, tag);
	assert_int_equal(stop.why, WHY_EVICT);
	assert_int_equal(stop.kill_wait_ms, 0);
}

static void assert_renewed(struct renewing *n)
{
	struct message_renew renew;

	assert_int_equal(heard(n, &renew, sizeof(renew)), MESSAGE_RENEW);
	assert_int_equal(renew.good_until, n->p->beat_sent + FREEZE_MS);
	assert_int_equal(renew.beats, 7);
	assert_int_equal(n->p->good_until, renew.good_until);
}

static void assert_silent(struct renewing *n)
{
	struct message_stop any;

	assert_int_equal(heard(n, &any, sizeof(any)), 0);
}

static void look(struct renewing *n)
{
	assert_int_equal(inbox_look(n->p), 0);
}

static void lease_counts_from_before_the_beat(void **state)
{
	struct renewing *n = *state;

	n->p->beat_sent -= 4000;
	look(n);
	assert_int_equal(renew_lease(n->p), 0);
	assert_renewed(n);
	assert_silent(n);
}

static void without_an_acknowledged_beat_nothing_is_renewed(void **state)
{
	struct renewing *n = *state;

	n->p->beat_sent = 0;
	look(n);
	assert_int_equal(renew_lease(n->p), 0);
	assert_int_equal(n->p->good_until, 0);
	assert_silent(n);
}

static void what_is_revoked_or_gone_is_stopped_first(void **state)
{
	struct renewing *n = *state;

	scratch_write(&n->s->new.root, "spool/claims/r1/2.1.revoked", "");
	assert_int_equal(unlinkat(n->s->new.root.fd, "spool/claims/r1/3.1.claim." RID, 0), 0);
	look(n);
	assert_int_equal(renew_lease(n->p), 0);
	assert_stopped(n, 2);
	assert_stopped(n, 3);
	assert_renewed(n);
	assert_silent(n);
}

/* The listing may have missed the marker: before a thaw each name is asked for. */
static void thaw_needs_a_look_at_each_name(void **state)
{
	struct renewing *n = *state;

	n->s->share.good_until = clock_boot_ms() + 500; /* it may be over before this arrives */
	look(n);
	scratch_write(&n->s->new.root, "spool/claims/r1/1.1.revoked", "");
	assert_int_equal(unlinkat(n->s->new.root.fd, "spool/claims/r1/2.1.claim." RID, 0), 0);
	assert_int_equal(renew_lease(n->p), 0);
	assert_stopped(n, 1);
	assert_stopped(n, 2);
	assert_renewed(n);
}

static void if_nobody_knows_nothing_is_thawed(void **state)
{
	struct renewing *n = *state;

	n->s->share.good_until = 0;
	look(n);
	fstatat_lie = EIO;
	assert_int_equal(renew_lease(n->p), 0);
	assert_int_equal(n->p->good_until, 0);
	assert_true(n->p->more);
	assert_silent(n);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(lease_counts_from_before_the_beat),
		TEST(without_an_acknowledged_beat_nothing_is_renewed),
		TEST(what_is_revoked_or_gone_is_stopped_first),
		TEST(thaw_needs_a_look_at_each_name),
		TEST(if_nobody_knows_nothing_is_thawed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
