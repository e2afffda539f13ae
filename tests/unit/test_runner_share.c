/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_runner_share - what is done about a share that does not work, and that nothing is started or
 * called failed because of it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runshare.h"

#include "../../runner/launch.h"
#include "../../runner/runner.h"

#include "clock.h"

#include <sys/socket.h>

/* -- the share ----------------------------------------------------------------------------------- */

static void trouble_of_the_network_is_waited_for(void **state)
{
	struct runshare *s = *state;
	int fd = s->share.sp.fd;

	assert_int_equal(share_rescue(&s->share, -EHOSTDOWN), -EHOSTDOWN);
	assert_int_equal(share_rescue(&s->share, -EIO), -EIO);
	assert_int_equal(s->share.sp.fd, fd);
	s->share.trouble_since -= 60000;
	assert_int_equal(share_rescue(&s->share, -EIO), 0);
	assert_int_equal(s->share.trouble_since, 0);
	s->new.sp = s->share.sp;
}

static void stale_share_is_opened_anew_at_once(void **state)
{
	struct runshare *s = *state;

	scratch_clear(&s->new.root, "spool/claims/r1");
	assert_int_equal(share_rescue(&s->share, -ESTALE), 0);
	s->new.sp = s->share.sp;
	assert_true(runshare_has(s, "r1"));
}

static struct pass *beating_pass(struct runshare *s)
{
	struct pass *p = runshare_pass(s, NULL);

	p->beat_due = true;
	p->beat = (struct beat){ .instance = xstrdup(RID),
				 .counter = 1,
				 .at = 1700000000000,
				 .state = xstrdup("IDLE") };
	return p;
}

static void beat_into_nowhere_opens_the_share_anew(void **state)
{
	struct runshare *s = *state;
	struct pass *p = beating_pass(s);

	pass_run(p);
	assert_int_equal(p->result, 0);
	pass_free(p);
	/* Another folder has come to its place: what we have open is of no use any more. */
	scratch_clear(&s->new.root, "spool/runners");
	assert_int_equal(mkdirat(s->share.sp.fd, "runners", 0700), 0);
	p = beating_pass(s);
	pass_run(p);
	assert_int_equal(p->result, -ENOENT);
	assert_true(p->mended);
	pass_free(p);
	s->new.sp = s->share.sp;
	p = beating_pass(s);
	pass_run(p);
	assert_int_equal(p->result, 0);
	pass_free(p);
	assert_int_equal(faccessat(s->share.sp.place_fd[SPOOL_RUNNERS], "r1.beat", F_OK, 0), 0);
}

/* -- starts and their reports -------------------------------------------------------------------- */

struct launch {
	struct runshare *s;
	struct runner r;
	struct job *job;
	int launcher;
};

static int launch_set_up(void **state)
{
	struct launch *l = xcalloc(1, sizeof(*l));
	int pair[2];

	l->s = runshare_new();
	runshare_ticket(l->s, 1, "offer", false);
	l->job = runshare_run(l->s, NULL, NULL);
	assert_int_equal(l->job->phase, JOB_READY);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	l->r.launcher = pair[0];
	l->launcher = pair[1];
	l->r.share.scratch_fd = l->s->local.fd;
	TAILQ_INIT(&l->r.jobs);
	TAILQ_INSERT_TAIL(&l->r.jobs, l->job, link);
	*state = l;
	return 0;
}

static int launch_tear_down(void **state)
{
	struct launch *l = *state;

	close(l->r.launcher);
	close(l->launcher);
	job_free(l->job);
	runshare_free(l->s);
	free(l);
	return 0;
}

static void nothing_starts_without_a_lease(void **state)
{
	struct launch *l = *state;

	l->r.good_until = clock_boot_ms() - 1;
	assert_false(launch_push(&l->r));
	assert_int_equal(l->job->phase, JOB_READY);
	assert_true(l->r.wake); /* a look is due */
	l->r.good_until = clock_boot_ms() + 60000;
	assert_false(launch_push(&l->r));
	assert_int_equal(l->job->phase, JOB_RUNNING);
}

static void reports(struct launch *l, enum message_step step, int error)
{
	struct message_report report = { .type = MESSAGE_REPORT,
					 .tag = l->job->tag,
					 .step = step,
					 .error = error,
					 .exit_code = -1,
					 .started_at = 1 };

	l->r.good_until = clock_boot_ms() + 60000;
	launch_push(&l->r);
	assert_int_equal(l->job->phase, JOB_RUNNING);
	assert_int_equal(message_send(l->launcher, &report, sizeof(report), NULL, 0, 0), 0);
	assert_int_equal(launch_hear(&l->r), 0);
	assert_int_equal(l->job->phase, JOB_ENDED);
}

static void start_spoiled_by_trouble_is_given_back(void **state)
{
	struct launch *l = *state;

	reports(l, STEP_PROGRAM, ESTALE);
	assert_int_equal(l->job->way, WAY_BACK);
	assert_true(l->r.no_claims_before > clock_boot_ms());
}

static void start_that_cannot_be_is_a_failure(void **state)
{
	struct launch *l = *state;

	reports(l, STEP_PROGRAM, EACCES);
	assert_int_equal(l->job->way, WAY_DONE);
	assert_int_equal(l->r.no_claims_before, 0);
}

static void last_spoiled_run_is_not_given_back(void **state)
{
	struct launch *l = *state;

	l->job->ticket.spoiled = RUNNER_SPOILED_MOST - 1;
	reports(l, STEP_FOLDER, EIO);
	assert_int_equal(l->job->way, WAY_DONE);
}

/* Its ticket has not been read, so no outcome can be written into it. */
static void cancelled_claim_without_a_stamp_goes_back(void **state)
{
	struct launch *l = *state;

	l->job->phase = JOB_CLAIMED;
	launch_stop(l->job, WHY_CANCEL, WAY_DONE, 0, xstrdup("enough"));
	launch_settle(&l->r);
	assert_int_equal(l->job->phase, JOB_ENDED);
	assert_int_equal(l->job->way, WAY_BACK);
}

int main(void)
{
#define SHARE(name) cmocka_unit_test_setup_teardown(name, runshare_set_up, runshare_tear_down)
#define LAUNCH(name) cmocka_unit_test_setup_teardown(name, launch_set_up, launch_tear_down)
	const struct CMUnitTest tests[] = {
		SHARE(trouble_of_the_network_is_waited_for),
		SHARE(stale_share_is_opened_anew_at_once),
		SHARE(beat_into_nowhere_opens_the_share_anew),
		LAUNCH(nothing_starts_without_a_lease),
		LAUNCH(start_spoiled_by_trouble_is_given_back),
		LAUNCH(start_that_cannot_be_is_a_failure),
		LAUNCH(last_spoiled_run_is_not_given_back),
		LAUNCH(cancelled_claim_without_a_stamp_goes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
