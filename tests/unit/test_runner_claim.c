/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_runner_claim - a share that stumbles costs no job an attempt, and ends none: from the offer
 * to the packet for the launcher, and the outcome of what has ended.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runshare.h"

#define CLAIM "r1/1.1.claim." RID
#define BACK "r1/1.1.back." RID
#define DONE "r1/1.1.done." RID

/* -- claims -------------------------------------------------------------------------------------- */

static void offer_becomes_a_ready_job(void **state)
{
	struct runshare *s = *state;
	struct job *job;
	bool more;

	runshare_ticket(s, 1, "offer", false);
	job = runshare_run(s, NULL, &more);
	assert_non_null(job);
	assert_int_equal(job->phase, JOB_READY);
	assert_false(more);
	assert_int_equal(runshare_blocks(s, CLAIM), TICKET_OFFER | TICKET_CLAIM);
	job_free(job);
}

static void half_written_stamp_is_written_anew(void **state)
{
	struct runshare *s = *state;
	struct job *job;
	bool more;

	runshare_ticket(s, 1, "offer", false);
	write_lie = EHOSTDOWN;
	job = runshare_run(s, NULL, &more);
	assert_non_null(job);
	assert_int_equal(job->phase, JOB_CLAIMED);
	assert_true(more);
	assert_true(runshare_has(s, CLAIM));
	assert_null(runshare_run(s, job, &more));
	assert_int_equal(job->phase, JOB_READY);
	assert_int_equal(runshare_blocks(s, CLAIM), TICKET_OFFER | TICKET_CLAIM);
	job_free(job);
}

static void stamp_that_is_not_durable_is_written_anew(void **state)
{
	struct runshare *s = *state;
	struct job *job;
	bool more;

	runshare_ticket(s, 1, "offer", false);
	fsync_lie = EIO;
	job = runshare_run(s, NULL, &more);
	assert_non_null(job);
	assert_int_equal(job->phase, JOB_CLAIMED);
	assert_true(more);
	runshare_run(s, job, &more);
	assert_int_equal(job->phase, JOB_READY);
	assert_int_equal(runshare_blocks(s, CLAIM), TICKET_OFFER | TICKET_CLAIM);
	job_free(job);
}

/* The inbox could not be kept open for the commit. */
static void claim_without_a_descriptor_is_made_durable_later(void **state)
{
	struct runshare *s = *state;
	struct job *job;
	bool more;

	runshare_ticket(s, 1, "offer", false);
	dup_lie = EMFILE;
	dup_truths = 1; /* the look at the inbox */
	job = runshare_run(s, NULL, &more);
	assert_int_equal(dup_lie, 0);
	assert_non_null(job);
	assert_int_equal(job->phase, JOB_CLAIMED);
	assert_true(more);
	runshare_run(s, job, &more);
	assert_int_equal(job->phase, JOB_READY);
	assert_false(more);
	job_free(job);
}

static void damaged_ticket_goes_back(void **state)
{
	struct runshare *s = *state;
	struct job *job;

	scratch_write(&s->new.root, "spool/claims/r1/1.1.offer", "rubbish");
	job = runshare_run(s, NULL, NULL);
	assert_non_null(job);
	assert_int_equal(job->phase, JOB_ENDED);
	assert_int_equal(job->way, WAY_BACK);
	job_free(job);
}

/* -- claims that nobody knows -------------------------------------------------------------------- */

static void own_claim_that_is_new_is_adopted(void **state)
{
	struct runshare *s = *state;
	struct job *job;

	runshare_ticket(s, 1, "claim." RID, false);
	job = runshare_run(s, NULL, NULL);
	assert_non_null(job);
	assert_int_equal(job->phase, JOB_READY);
	assert_false(runshare_has(s, BACK));
	job_free(job);
}

static void own_claim_that_is_revoked_goes_back(void **state)
{
	struct runshare *s = *state;

	runshare_ticket(s, 1, "claim." RID, false);
	scratch_write(&s->new.root, "spool/claims/r1/1.1.revoked", "");
	assert_null(runshare_run(s, NULL, NULL));
	assert_true(runshare_has(s, BACK));
}

/* It has perhaps been run. */
static void own_claim_with_a_stamp_goes_back(void **state)
{
	struct runshare *s = *state;
	struct job *job;

	runshare_ticket(s, 1, "claim." RID, true);
	job = runshare_run(s, NULL, NULL);
	assert_non_null(job);
	assert_int_equal(job->phase, JOB_ENDED);
	assert_int_equal(job->way, WAY_BACK);
	runshare_run(s, job, NULL);
	assert_true(runshare_has(s, BACK));
	job_free(job);
}

static void claims_of_others_and_of_a_drained_runner_go_back(void **state)
{
	struct runshare *s = *state;
	struct pass *p;

	runshare_ticket(s, 1, "claim." FORMER, false);
	assert_null(runshare_run(s, NULL, NULL));
	assert_true(runshare_has(s, "r1/1.1.back." FORMER));
	runshare_ticket(s, 2, "claim." RID, false);
	p = runshare_pass(s, NULL);
	p->taking = false;
	p->free_cores = 0;
	pass_run(p);
	assert_int_equal(p->claimed_count, 0);
	assert_true(runshare_has(s, "r1/2.1.back." RID));
	pass_free(p);
}

static void cancel_of_an_unknown_claim_is_kept(void **state)
{
	struct runshare *s = *state;
	struct job *job;

	runshare_ticket(s, 1, "claim." RID, false);
	scratch_write(&s->new.root, "spool/claims/r1/1.1.cancel", "enough");
	scratch_write(&s->new.root, "spool/claims/r1/2.1.cancel", "of nothing");
	job = runshare_run(s, NULL, NULL);
	assert_non_null(job);
	assert_true(runshare_has(s, "r1/1.1.cancel"));
	assert_false(runshare_has(s, "r1/2.1.cancel"));
	job_free(job);
}

/* -- the job's folder ---------------------------------------------------------------------------- */

static void trouble_before_the_start_makes_a_job_wait(void **state)
{
	struct runshare *s = *state;
	const int troubles[] = { EIO,	 ESTALE,    EHOSTDOWN, EAGAIN, ENOSPC,
				 EDQUOT, ENETRESET, ESHUTDOWN, ENOKEY };
	struct job *job;
	bool more;

	runshare_ticket(s, 1, "offer", false);
	pread_lie = ETIMEDOUT;
	job = runshare_run(s, NULL, &more);
	for (size_t i = 0; i < sizeof(troubles) / sizeof(troubles[0]); i++) {
		assert_int_equal(job->phase, JOB_WAITING);
		assert_true(more);
		pread_lie = troubles[i];
		runshare_run(s, job, &more);
	}
	assert_int_equal(job->phase, JOB_WAITING);
	runshare_run(s, job, &more);
	assert_int_equal(job->phase, JOB_READY);
	assert_false(more);
	job_free(job);
}

/* It goes back, and the runner takes no other until a folder can be made again. */
static void machine_without_scratch_gives_the_job_back(void **state)
{
	struct runshare *s = *state;
	int scratch_fd = s->share.scratch_fd;
	struct job *job;
	struct pass *p;

	runshare_ticket(s, 1, "offer", false);
	s->share.scratch_fd = -1;
	p = runshare_pass(s, NULL);
	pass_run(p);
	assert_int_equal(p->claimed_count, 1);
	job = p->claimed[0];
	assert_int_equal(job->phase, JOB_ENDED);
	assert_int_equal(job->way, WAY_BACK);
	assert_true(p->unfit);
	pass_free(p);
	p = runshare_pass(s, job);
	p->unfit = true;
	pass_run(p);
	assert_true(runshare_has(s, BACK));
	assert_true(p->unfit);
	pass_free(p);
	s->share.scratch_fd = scratch_fd;
	p = runshare_pass(s, NULL);
	p->unfit = true;
	pass_run(p);
	assert_false(p->unfit);
	pass_free(p);
	job_free(job);
}

static void removed_folder_is_told_only_if_it_is_gone(void **state)
{
	struct runshare *s = *state;
	struct job *job;
	bool more;

	runshare_ticket(s, 1, "offer", false);
	assert_int_equal(renameat(s->new.sp.fd, "active", s->new.sp.fd, "away"), 0);
	job = runshare_run(s, NULL, &more);
	assert_int_equal(job->phase, JOB_WAITING); /* there is no active/ to ask */
	assert_true(more);
	assert_int_equal(renameat(s->new.sp.fd, "away", s->new.sp.fd, "active"), 0);
	scratch_clear(&s->new.root, "spool/active/1.1-sim");
	runshare_run(s, job, NULL);
	assert_int_equal(job->phase, JOB_ENDED);
	assert_true(job->removed);
	runshare_run(s, job, NULL);
	assert_string_equal(job->ticket.state, "CANCELLED");
	job_free(job);
}

static void other_manifest_fails_the_job(void **state)
{
	struct runshare *s = *state;
	struct job *job;

	runshare_ticket(s, 1, "offer", false);
	scratch_write(&s->new.root, "spool/active/1.1-sim/" SPOOL_MANIFEST, "short");
	job = runshare_run(s, NULL, NULL);
	assert_int_equal(job->phase, JOB_ENDED);
	assert_false(job->removed);
	assert_non_null(strstr(job->failure, "another"));
	job_free(job);
}

static void foreign_stream_fails_the_job(void **state)
{
	struct runshare *s = *state;
	struct job *job;

	runshare_ticket(s, 1, "offer", false);
	scratch_write(&s->new.root, "spool/active/1.1-sim/stderr.txt", "mine");
	job = runshare_run(s, NULL, NULL);
	assert_int_equal(job->phase, JOB_ENDED);
	assert_string_equal(job->failure,
			    "cannot start true: stderr.txt cannot be made: File exists");
	job_free(job);
}

/* -- outcomes ------------------------------------------------------------------------------------ */

static void outcome_is_written_until_it_is_durable(void **state)
{
	struct runshare *s = *state;
	struct job *job;
	bool more;

	runshare_ticket(s, 1, "offer", false);
	job = runshare_run(s, NULL, NULL);
	job->phase = JOB_ENDED;
	job->report = (struct message_report){ .tag = job->tag, .started_at = 1 };
	write_lie = EIO;
	runshare_run(s, job, &more);
	assert_true(more);
	assert_false(runshare_has(s, DONE));
	fsync_lie = EIO;
	runshare_run(s, job, &more);
	assert_true(more);
	assert_false(runshare_has(s, DONE));
	runshare_run(s, job, &more);
	assert_int_equal(job->phase, JOB_FILED);
	assert_int_equal(runshare_blocks(s, DONE), TICKET_OFFER | TICKET_CLAIM | TICKET_OUTCOME);
	job_free(job);
}

/* spoold counts these runs by their tickets. */
static void spoiled_run_goes_back_with_an_outcome(void **state)
{
	struct runshare *s = *state;
	struct job *job;

	runshare_ticket(s, 1, "offer", false);
	job = runshare_run(s, NULL, NULL);
	job->phase = JOB_ENDED;
	job->way = WAY_BACK;
	job->spoiled = xstrdup("lost");
	job->report = (struct message_report){ .tag = job->tag, .started_at = 1 };
	fsync_lie = EIO;
	runshare_run(s, job, NULL);
	assert_false(runshare_has(s, BACK)); /* not before it is durable */
	runshare_run(s, job, NULL);
	assert_int_equal(runshare_blocks(s, BACK), TICKET_OFFER | TICKET_CLAIM | TICKET_OUTCOME);
	assert_string_equal(job->ticket.state, "SPOILED");
	assert_string_equal(job->ticket.reason, "lost");
	job_free(job);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, runshare_set_up, runshare_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(offer_becomes_a_ready_job),
		TEST(half_written_stamp_is_written_anew),
		TEST(stamp_that_is_not_durable_is_written_anew),
		TEST(claim_without_a_descriptor_is_made_durable_later),
		TEST(damaged_ticket_goes_back),
		TEST(own_claim_that_is_new_is_adopted),
		TEST(own_claim_that_is_revoked_goes_back),
		TEST(own_claim_with_a_stamp_goes_back),
		TEST(claims_of_others_and_of_a_drained_runner_go_back),
		TEST(cancel_of_an_unknown_claim_is_kept),
		TEST(trouble_before_the_start_makes_a_job_wait),
		TEST(machine_without_scratch_gives_the_job_back),
		TEST(removed_folder_is_told_only_if_it_is_gone),
		TEST(other_manifest_fails_the_job),
		TEST(foreign_stream_fails_the_job),
		TEST(outcome_is_written_until_it_is_durable),
		TEST(spoiled_run_goes_back_with_an_outcome),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
