/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of lib/index: what is folded, listed and compared. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "index_story.h"

#include "beat.h"
#include "xalloc.h"

static int one_job(const struct index_job *row, void *arg)
{
	struct index_job *copy = arg;

	*copy = *row;
	copy->place = xstrdup(row->place);
	copy->state = xstrdup(row->state);
	copy->name = row->name ? xstrdup(row->name) : NULL;
	copy->user = row->user ? xstrdup(row->user) : NULL;
	copy->runner = row->runner ? xstrdup(row->runner) : NULL;
	copy->reason = row->reason ? xstrdup(row->reason) : NULL;
	copy->folder = xstrdup(row->folder);
	copy->app = copy->group = NULL;
	return 0;
}

static void forget(struct index_job *job)
{
	free((char *)(uintptr_t)job->place);
	free((char *)(uintptr_t)job->state);
	free((char *)(uintptr_t)job->name);
	free((char *)(uintptr_t)job->user);
	free((char *)(uintptr_t)job->runner);
	free((char *)(uintptr_t)job->reason);
	free((char *)(uintptr_t)job->folder);
}

static void a_done_job_has_everything(void **state)
{
	struct index *ix = told_index(path);
	struct index_job job;

	(void)state;
	assert_int_equal(index_jobs(ix, 1, one_job, &job), 1);
	assert_int_equal(job.attempt, 1);
	assert_string_equal(job.place, "done");
	assert_string_equal(job.folder, "1-sim");
	assert_string_equal(job.state, "DONE");
	assert_string_equal(job.name, "sim");
	assert_string_equal(job.user, "eva");
	assert_string_equal(job.runner, "lab-07");
	assert_string_equal(job.reason, "exit code 0");
	assert_int_equal(job.queued_at, INT64_C(1795168800500));
	assert_int_equal(job.started_at, INT64_C(1795168802000));
	assert_int_equal(job.finished_at, INT64_C(1795168808000));
	assert_int_equal(job.wall_ms, 6000);
	assert_int_equal(job.cpu_ms, 5500);
	assert_int_equal(job.ttl_ms, 3600000);
	assert_int_equal(job.memory, 1000);
	assert_int_equal(job.peak_memory, 77);
	assert_int_equal(job.cores, 1);
	assert_int_equal(job.has_exit, 1);
	assert_int_equal(job.exit_code, 0);
	assert_int_equal(job.term_signal, 0);
	forget(&job);
	index_close(ix);
}

static void a_withdrawn_job_runs_elsewhere(void **state)
{
	struct index *ix = open_index(path, true);
	struct index_job job;

	(void)state;
	tell_story(ix, 0, 8); /* withdrawn */
	assert_int_equal(index_jobs(ix, 2, one_job, &job), 1);
	assert_string_equal(job.place, "queued");
	assert_string_equal(job.state, "QUEUED");
	assert_string_equal(job.name, "b \xff");
	assert_null(job.runner);
	assert_int_equal(job.attempt, 1);
	forget(&job);
	tell_story(ix, 8, 10);
	assert_int_equal(index_jobs(ix, 2, one_job, &job), 1);
	assert_string_equal(job.state, "RUNNING");
	assert_string_equal(job.runner, "lab-08");
	assert_int_equal(job.attempt, 2);
	assert_int_equal(job.started_at, INT64_C(1795168805000));
	assert_int_equal(job.has_exit, 0);
	forget(&job);
	index_close(ix);
}

static void a_lost_job_comes_back(void **state)
{
	struct index *ix = open_index(path, true);
	struct index_job job;

	(void)state;
	tell(ix, T "1Z admit id=5 to=queued state=QUEUED folder=5-e name=e user=eva", 1);
	tell(ix, T "2Z offer id=5 attempt=1 to=active state=OFFERED folder=5.1-e runner=r", 2);
	tell(ix, T "3Z lose id=5 attempt=1 from=active to=lost folder=5.1-e", 3);
	assert_int_equal(index_jobs(ix, 0, stop_at_once, NULL), 0);
	assert_int_equal(index_jobs(ix, 5, stop_at_once, NULL), 0);
	tell(ix, T "4Z requeue id=5 attempt=1 to=queued state=QUEUED folder=5.1-e", 4);
	assert_int_equal(index_jobs(ix, 5, one_job, &job), 1);
	assert_string_equal(job.place, "queued");
	assert_string_equal(job.name, "e");
	assert_string_equal(job.user, "eva");
	assert_null(job.runner);
	forget(&job);
	index_close(ix);
}

static int add_id(const struct index_job *row, void *arg)
{
	strlist_add(arg, row->folder);
	return 0;
}

static void all_jobs_come_by_id(void **state)
{
	static const char *const expected[] = { "1-sim", "2.2-b", "3-c", "4-d", "5.1-e", "8-h" };
	struct index *ix = told_index(path);
	struct strlist found = { 0 };

	(void)state;
	assert_int_equal(index_jobs(ix, 0, add_id, &found), 6);
	for (size_t i = 0; i < found.count; i++)
		assert_string_equal(found.items[i], expected[i]);
	strlist_free(&found);
	assert_int_equal(index_jobs(ix, 6, add_id, &found), 0);
	assert_int_equal(index_jobs(ix, 0, stop_at_once, NULL), 1);
	index_close(ix);
}

static void holds_is_exact(void **state)
{
	struct index *ix = told_index(path);

	(void)state;
	assert_true(index_holds(ix, 1, 1, "done", "1-sim"));
	assert_true(index_holds(ix, 3, 0, "failed", "3-c"));
	assert_false(index_holds(ix, 1, 2, "done", "1-sim"));
	assert_false(index_holds(ix, 1, 1, "failed", "1-sim"));
	assert_false(index_holds(ix, 1, 1, "done", "1-sin"));
	assert_false(index_holds(ix, 6, 0, "queued", "6-f"));
	index_close(ix);
}

struct verbs {
	char text[400];
};

static int add_verb(const struct event *e, void *arg)
{
	struct verbs *v = arg;
	size_t len = strlen(v->text);

	snprintf(v->text + len, sizeof(v->text) - len, "%s ", e->verb);
	return 0;
}

static int check_event(const struct event *e, void *arg)
{
	char *line = event_format(e);
	int *at = arg;
	struct event original;
	char *store, *again;

	assert_int_equal(event_parse(story[(*at)++], &original, &store), 0);
	again = event_format(&original);
	assert_string_equal(line, again);
	free(again);
	free(store);
	free(line);
	return 0;
}

static void events_are_the_log(void **state)
{
	struct index *ix = told_index(path);
	struct verbs v = { "" };
	int at = 0;

	(void)state;
	assert_int_equal(index_events(ix, 2, add_verb, &v), 5);
	assert_string_equal(v.text, "admit offer withdraw offer claim ");
	assert_int_equal(index_events(ix, 0, check_event, &at), STORY);
	assert_int_equal(index_highest(ix), 8);
	index_close(ix);
}

/* The other tables have no reader of their own: what is in them shows in the comparison with an
 * index that was told less. */
static void differences_are_told(void **state)
{
	struct index *a = told_index(path), *b = open_index(other, true);
	char *text;

	(void)state;
	for (int i = 0; i < STORY; i++) {
		if (i != 4) /* the file event of job 1 */
			tell(b, story[i], i + 1);
	}
	assert_int_equal(index_commit(b), 0);
	assert_true(differences(a, b, &text) > 10);
	assert_non_null(strstr(text, "job_queue id=1: place is done in the first and active in the "
				     "second\n"));
	assert_non_null(strstr(text, "job_queue id=1: exit_code is 0 in the first and nothing in "
				     "the second\n"));
	assert_non_null(strstr(text, "attempts id=1 attempt=1: state is DONE in the first and "
				     "RUNNING in the second\n"));
	assert_non_null(strstr(text, "users user=eva: done is 1 in the first and 0 in the second"));
	assert_non_null(strstr(text, "users user=eva: wall_ms is 6000 in the first and 0"));
	assert_null(strstr(text, "users user=eva: failed"));
	assert_non_null(strstr(text, "events line 5: verb is file in the first and admit in"));
	assert_non_null(strstr(text, "events: no further comparison\n"));
	free(text);
	index_close(a);
	index_close(b);
}

static void missing_rows_are_told(void **state)
{
	struct index *a = told_index(path), *b = open_index(other, true);
	char *text;

	(void)state;
	tell_story(b, 0, 5);
	assert_true(differences(a, b, &text) > 0);
	assert_non_null(strstr(text, "job_queue id=2: only in the first\n"));
	assert_non_null(strstr(text, "attempts id=2 attempt=1: only in the first\n"));
	assert_non_null(strstr(text, "users user=max: only in the first\n"));
	assert_non_null(strstr(text, "users user=eva: jobs is 5 in the first and 1 in the second"));
	assert_non_null(strstr(text, "users user=eva: failed is 1 in the first and 0"));
	assert_non_null(strstr(text, "users user=eva: rejected is 1 in the first and 0"));
	free(text);
	index_close(a);
	index_close(b);
}

static void attempts_have_their_states(void **state)
{
	static const char *const expected[] = {
		"attempts id=1 attempt=1: state is DONE",
		"attempts id=2 attempt=1: state is WITHDRAWN",
		"attempts id=2 attempt=2: state is RUNNING",
		"attempts id=5 attempt=1: state is LOST",
	};
	struct index *a = told_index(path), *b = open_index(other, true);
	char line[200], *text;

	(void)state;
	/* The other one knows the same attempts in a state of its own. */
	for (int i = 0; i < STORY; i++) {
		struct event e;
		char *store;

		assert_int_equal(event_parse(story[i], &e, &store), 0);
		if (strcmp(e.verb, "offer") == 0)
			tell(b, story[i], i);
		free(store);
	}
	snprintf(line, sizeof(line), "- back id=5 attempt=1");
	tell(b, line, 100);
	assert_true(differences(a, b, &text) > 0);
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		if (!strstr(text, expected[i]))
			fail_msg("%s is not in\n%s", expected[i], text);
	}
	assert_non_null(strstr(text, "LOST in the first and BACK in the second"));
	free(text);
	index_close(a);
	index_close(b);
}

static int add_runner(const struct index_runner *row, void *arg)
{
	char **text = arg;
	char *old = *text;

	*text = xasprintf("%s%s %s %u/%u load %d mem %ju of %ju [%s] {%s} %jd..%jd\n", old,
			  row->runner, row->state, row->free_slots, row->slots,
			  (int)(row->load * 100), (uintmax_t)row->free_memory,
			  (uintmax_t)row->memory, row->running ? row->running : "none",
			  row->software, (intmax_t)row->first_seen_at, (intmax_t)row->seen_at);
	free(old);
	return 0;
}

static void runners_come_and_go(void **state)
{
	struct registration r = { .runner = xstrdup("lab-07"),
				  .platform = xstrdup("linux-x86_64"),
				  .cores = 8,
				  .slots = 6,
				  .memory = 1000 };
	struct beat b = { .load = 1.25, .free_memory = 500, .free_slots = 4 };
	struct index *ix = open_index(path, true);
	char *text = xstrdup("");

	(void)state;
	strlist_add(&r.software, "python3 3.11.2");
	strlist_add(&r.software, "octave ?");
	strlist_add(&b.running, "12.1");
	strlist_add(&b.running, "13.1");
	index_runner(ix, &r, &b, "MIXED", 1000);
	free(r.runner);
	r.runner = xstrdup("lab-06");
	index_runner(ix, &r, NULL, "IDLE", 1001);
	assert_int_equal(index_runners(ix, add_runner, &text), 2);
	assert_string_equal(
		text,
		"lab-06 IDLE 0/6 load 0 mem 0 of 1000 [] {python3 3.11.2, octave ?} 1001..1001\n"
		"lab-07 MIXED 4/6 load 125 mem 500 of 1000 [12.1 13.1] "
		"{python3 3.11.2, octave ?} 1000..1000\n");
	index_runner(ix, &r, NULL, "ABSENT", 2000);
	assert_int_equal(index_commit(ix), 0);
	free(text);
	text = xstrdup("");
	assert_int_equal(index_runners(ix, add_runner, &text), 2);
	assert_memory_equal(text,
			    "lab-06 ABSENT 0/6 load 0 mem 0 of 1000 [none] "
			    "{python3 3.11.2, octave ?} 1001..2000\n",
			    40);
	free(text);
	registration_free(&r);
	beat_free(&b);
	index_close(ix);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_done_job_has_everything),
		TEST(a_withdrawn_job_runs_elsewhere),
		TEST(a_lost_job_comes_back),
		TEST(all_jobs_come_by_id),
		TEST(holds_is_exact),
		TEST(events_are_the_log),
		TEST(differences_are_told),
		TEST(missing_rows_are_told),
		TEST(attempts_have_their_states),
		TEST(runners_come_and_go),
	};

	return cmocka_run_group_tests_name("index", tests, NULL, NULL);
}
