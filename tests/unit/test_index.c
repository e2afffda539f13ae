/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of lib/index. Events are written as lines of the log, as they come in life. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "beat.h"
#include "event.h"
#include "index.h"
#include "safefs.h"
#include "xalloc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOG "2026-11.log"
#define T "2026-11-20T10:00:0"

static char folder[] = "/tmp/test_index.XXXXXX";
static char path[64], other[64], snapshot[64], bad[64];

/* One job that is done, one that was withdrawn and runs, one rejected, one cancelled, one lost. */
static const char *const story[] = {
	T "0Z start by=spoold",
	T "0.500Z admit id=1 from=incoming to=queued state=QUEUED folder=1-sim name=sim user=eva "
		"app=python3/1 group=brick ttl=3600 cores=1 memory=1000 why=waiting",
	T "1Z offer id=1 attempt=1 from=queued to=active state=OFFERED folder=1.1-sim runner=lab-07",
	T "2Z claim id=1 attempt=1 from=active to=active state=RUNNING runner=lab-07",
	T "9Z file id=1 attempt=1 from=active to=done state=DONE folder=1-sim runner=lab-07 exit=0 "
		"started=" T "2Z finished=" T "8Z wall=6 cpu=5.5 peak=77 why=exit\\x20code\\x200",
	T "1Z admit id=2 to=queued state=QUEUED folder=2-b name=b\\x20\\xff user=max queued=" T "0Z",
	T "2Z offer id=2 attempt=1 to=active state=OFFERED folder=2.1-b runner=lab-07",
	T "3Z withdraw id=2 attempt=1 from=active to=queued state=QUEUED folder=2.1-b runner=lab-07",
	T "4Z offer id=2 attempt=2 to=active state=OFFERED folder=2.2-b runner=lab-08",
	T "5Z claim id=2 attempt=2 to=active state=RUNNING runner=lab-08 started=" T "5Z",
	T "1Z reject id=3 from=incoming to=failed state=REJECTED folder=3-c name=c user=eva "
		"why=no\\x20app",
	T "1Z admit id=4 to=queued state=QUEUED folder=4-d name=d user=eva",
	T "2Z cancel id=4 from=queued to=failed state=CANCELLED folder=4-d",
	T "1Z admit id=5 to=queued state=QUEUED folder=5-e name=e user=eva",
	T "2Z offer id=5 attempt=1 to=active state=OFFERED folder=5.1-e runner=lab-09",
	T "3Z claim id=5 attempt=1 to=active state=RUNNING runner=lab-09",
	T "4Z back id=5 attempt=1 runner=lab-09 why=restarted",
	T "5Z lose id=5 attempt=1 from=active to=lost folder=5.1-e",
	T "6Z requeue id=5 attempt=1 to=queued state=QUEUED folder=5.1-e name=e user=eva",
	T "1Z admit id=6 to=queued state=QUEUED folder=6-f name=f user=eva",
	T "2Z gone id=6 from=queued",
	T "1Z admit id=7 to=queued state=QUEUED folder=7-g name=g user=eva",
	T "2Z return id=7 from=queued to=incoming folder=g",
};

#define STORY ((int)(sizeof(story) / sizeof(story[0])))

static int setup(void **state)
{
	(void)state;
	strcpy(folder + strlen(folder) - 6, "XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/index.db", folder);
	snprintf(other, sizeof(other), "%s/other.db", folder);
	snprintf(snapshot, sizeof(snapshot), "%s/a b%%?#.1.db", folder);
	snprintf(bad, sizeof(bad), "%s/index.db.bad", folder);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	return safefs_remove_tree(AT_FDCWD, folder);
}

static struct index *open_index(const char *file, bool expect_fresh)
{
	struct index *ix;
	bool fresh = !expect_fresh;

	assert_int_equal(index_open(file, &ix, &fresh), 0);
	assert_int_equal(fresh, expect_fresh);
	return ix;
}

static void tell(struct index *ix, const char *line, int64_t end)
{
	struct event e;
	char *store;

	assert_int_equal(event_parse(line, &e, &store), 0);
	index_event(ix, &e, LOG, end);
	free(store);
}

/* Folds the lines from..to-1 of the story; the position is the number of lines. */
static void tell_story(struct index *ix, int from, int to)
{
	for (int i = from; i < to && i < STORY; i++)
		tell(ix, story[i], i + 1);
}

static struct index *told_index(const char *file)
{
	struct index *ix = open_index(file, true);

	tell_story(ix, 0, STORY);
	assert_int_equal(index_commit(ix), 0);
	return ix;
}

static int64_t differences(struct index *a, struct index *b, char **ret_text)
{
	size_t len;
	FILE *out = open_memstream(ret_text, &len);
	int64_t found = index_compare(a, b, out);

	fclose(out);
	return found;
}

static void assert_same(struct index *a, struct index *b)
{
	char *text;

	if (differences(a, b, &text) != 0)
		fail_msg("%s", text);
	free(text);
}

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
	tell_story(ix, 0, 8);			/* withdrawn */
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

static int add_id(const struct index_job *row, void *arg)
{
	strlist_add(arg, row->folder);
	return 0;
}

static int stop_at_once(const struct index_job *row, void *arg)
{
	(void)arg;
	return row->id > 0;
}

static void all_jobs_come_by_id(void **state)
{
	static const char *const expected[] = { "1-sim", "2.2-b", "3-c", "4-d", "5.1-e" };
	struct index *ix = told_index(path);
	struct strlist found = { 0 };

	(void)state;
	assert_int_equal(index_jobs(ix, 0, add_id, &found), 5);
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
		if (i != 4)				/* the file event of job 1 */
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
		"attempts id=1 attempt=1: state is DONE", "attempts id=2 attempt=1: state is WITHDRAWN",
		"attempts id=2 attempt=2: state is RUNNING", "attempts id=5 attempt=1: state is LOST",
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

static void the_position_goes_with_the_tables(void **state)
{
	struct index *ix = open_index(path, true);
	char file[64] = "x";

	(void)state;
	assert_int_equal(index_position(ix, file, sizeof(file)), 0);
	assert_string_equal(file, "");
	tell_story(ix, 0, 5);
	assert_int_equal(index_commit(ix), 0);
	assert_int_equal(index_commit(ix), 0);		/* nothing to do */
	assert_int_equal(index_position(ix, file, sizeof(file)), 5);
	assert_string_equal(file, LOG);
	tell_story(ix, 5, 10);
	index_close(ix);				/* not committed */
	ix = open_index(path, false);
	assert_int_equal(index_position(ix, file, sizeof(file)), 5);
	assert_int_equal(index_jobs(ix, 2, stop_at_once, NULL), 0);
	index_close(ix);
}

static void replay_gives_the_same(void **state)
{
	struct index *a = told_index(path), *b;

	(void)state;
	b = open_index(other, true);
	for (int from = 0; from < STORY; from += 3) {	/* with restarts in between */
		tell_story(b, from, from + 2);
		assert_int_equal(index_commit(b), 0);
		tell_story(b, from + 2, from + 3);	/* lost, told again */
		index_close(b);
		b = open_index(other, false);
		tell_story(b, from + 2, from + 3);
		assert_int_equal(index_commit(b), 0);
	}
	assert_same(a, b);
	index_close(a);
	index_close(b);
	assert_int_equal(unlink(path), 0);		/* deleted */
	a = told_index(path);
	b = open_index(other, false);
	assert_same(a, b);
	index_close(a);
	index_close(b);
}

static void write_file(const char *file, const char *text, size_t len)
{
	int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), len);
	close(fd);
}

static void assert_begins_anew(void)
{
	struct index *ix = told_index(path);

	assert_int_equal(access(bad, F_OK), 0);
	index_close(ix);
	assert_int_equal(unlink(bad), 0);
	index_close(open_index(path, false));
	assert_int_equal(unlink(path), 0);
}

static void garbage_is_set_aside(void **state)
{
	char *text = xcalloc(1, 100000);

	(void)state;
	write_file(path, "hello\n", 6);
	assert_begins_anew();
	memset(text, 'x', 100000);
	write_file(path, text, 100000);
	assert_begins_anew();
	memset(text, 0, 100000);
	write_file(path, text, 100000);
	assert_begins_anew();
	free(text);
}

static void an_empty_file_is_begun(void **state)
{
	(void)state;
	write_file(path, "", 0);
	index_close(told_index(path));
	assert_int_equal(access(bad, F_OK), -1);
}

static void a_truncated_file_is_set_aside(void **state)
{
	struct stat st;

	(void)state;
	index_close(told_index(path));
	assert_int_equal(stat(path, &st), 0);
	for (off_t size = 1; size < st.st_size; size += 3000) {
		assert_int_equal(truncate(path, st.st_size - size), 0);
		assert_begins_anew();
		index_close(told_index(path));
	}
}

static void damage_is_found(void **state)
{
	char rubbish[512];
	struct stat st;
	int fd;

	(void)state;
	memset(rubbish, 0xa5, sizeof(rubbish));
	index_close(told_index(path));
	assert_int_equal(stat(path, &st), 0);
	for (off_t at = 0; at < st.st_size; at += 4096) {
		fd = open(path, O_WRONLY | O_CLOEXEC);
		assert_int_equal(pwrite(fd, rubbish, sizeof(rubbish), at), sizeof(rubbish));
		close(fd);
		assert_begins_anew();
		index_close(told_index(path));
	}
}

static void companions_of_a_bad_file_go(void **state)
{
	char wal[80], *text = xcalloc(1, 5000);

	(void)state;
	snprintf(wal, sizeof(wal), "%s-wal", path);
	memset(text, 'x', 5000);
	write_file(path, text, 5000);
	write_file(wal, text, 5000);
	assert_begins_anew();
	write_file(wal, text, 5000);			/* left behind alone */
	index_close(told_index(path));
	free(text);
}

/* Another schema: the number stands at offset 60 of the file, big-endian (sqlite.org, file format). */
static void another_schema_is_set_aside(void **state)
{
	struct index *ix;
	int fd;

	(void)state;
	index_close(told_index(path));
	fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_int_equal(pwrite(fd, "\0\0\0\x63", 4, 60), 4);
	close(fd);
	assert_int_equal(index_open_read(path, true, &ix), -EBADMSG);
	assert_begins_anew();
}

static void what_is_no_file_is_refused(void **state)
{
	struct index *ix;
	bool fresh;

	(void)state;
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(index_open(path, &ix, &fresh), -EISDIR);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(index_open(path, &ix, &fresh), -EINVAL);
	assert_int_equal(unlink(path), 0);
	snprintf(other, sizeof(other), "%s/none/index.db", folder);
	assert_int_equal(index_open(other, &ix, &fresh), -ENOENT);
	assert_int_equal(index_open_read(path, false, &ix), -ENOENT);
	assert_int_equal(index_open_read(path, true, &ix), -ENOENT);
}

static void snapshots_are_whole_and_last(void **state)
{
	struct index *ix = told_index(path), *copy;

	(void)state;
	tell(ix, T "0Z admit id=99 to=queued folder=99-z", 999);	/* not committed */
	assert_int_equal(index_snapshot(path, snapshot), 0);
	assert_int_equal(index_snapshot(path, snapshot), -EEXIST);
	assert_int_equal(index_commit(ix), 0);
	assert_int_equal(chmod(snapshot, 0444), 0);
	assert_int_equal(chmod(folder, 0555), 0);
	assert_int_equal(index_open_read(snapshot, true, &copy), 0);
	assert_int_equal(index_jobs(copy, 0, stop_at_once, NULL), 1);
	assert_int_equal(index_jobs(copy, 99, stop_at_once, NULL), 0);
	assert_true(index_holds(copy, 1, 1, "done", "1-sim"));
	index_close(copy);
	assert_int_equal(chmod(folder, 0755), 0);
	index_close(ix);
	assert_int_equal(unlink(path), 0);
	ix = told_index(path);
	assert_int_equal(index_open_read(snapshot, true, &copy), 0);
	assert_same(ix, copy);
	index_close(copy);
	index_close(ix);
}

static void a_snapshot_of_nothing_fails(void **state)
{
	char nowhere[80];

	(void)state;
	snprintf(nowhere, sizeof(nowhere), "%s/none/x.db", folder);
	assert_int_equal(index_snapshot(path, snapshot), -ENOENT);
	assert_int_equal(access(snapshot, F_OK), -1);
	index_close(told_index(path));
	assert_true(index_snapshot(path, nowhere) < 0);
}

static void readers_see_what_is_committed(void **state)
{
	struct index *ix = told_index(path), *reader;

	(void)state;
	assert_int_equal(index_open_read(path, false, &reader), 0);
	assert_int_equal(index_jobs(reader, 99, stop_at_once, NULL), 0);
	tell(ix, T "0Z admit id=99 to=queued folder=99-z", 999);
	assert_int_equal(index_jobs(reader, 99, stop_at_once, NULL), 0);
	assert_int_equal(index_commit(ix), 0);
	assert_int_equal(index_jobs(reader, 99, stop_at_once, NULL), 1);
	index_close(reader);
	index_close(ix);
	index_close(NULL);
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
	struct registration r = { .runner = xstrdup("lab-07"), .platform = xstrdup("linux-x86_64"),
				  .cores = 8, .slots = 6, .memory = 1000 };
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
	assert_string_equal(text,
		"lab-06 IDLE 0/6 load 0 mem 0 of 1000 [] {python3 3.11.2, octave ?} 1001..1001\n"
		"lab-07 MIXED 4/6 load 125 mem 500 of 1000 [12.1 13.1] "
		"{python3 3.11.2, octave ?} 1000..1000\n");
	index_runner(ix, &r, NULL, "ABSENT", 2000);
	assert_int_equal(index_commit(ix), 0);
	free(text);
	text = xstrdup("");
	assert_int_equal(index_runners(ix, add_runner, &text), 2);
	assert_memory_equal(text, "lab-06 ABSENT 0/6 load 0 mem 0 of 1000 [none] "
			    "{python3 3.11.2, octave ?} 1001..2000\n", 40);
	free(text);
	registration_free(&r);
	beat_free(&b);
	index_close(ix);
}

/* A database that became read-only or full shows in index_commit, and the position stays. */
static void failures_show_in_commit(void **state)
{
	struct index *ix = told_index(path), *reader;
	char file[64];
	int64_t before = index_position(ix, file, sizeof(file));

	(void)state;
	index_close(ix);
	assert_int_equal(index_open_read(path, false, &reader), 0);
	tell(reader, T "0Z admit id=99 to=queued folder=99-z", 999);
	assert_true(index_commit(reader) < 0);
	assert_int_equal(index_position(reader, file, sizeof(file)), before);
	assert_int_equal(index_jobs(reader, 99, stop_at_once, NULL), 0);
	index_close(reader);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_done_job_has_everything),
		TEST(a_withdrawn_job_runs_elsewhere),
		TEST(all_jobs_come_by_id),
		TEST(holds_is_exact),
		TEST(events_are_the_log),
		TEST(differences_are_told),
		TEST(missing_rows_are_told),
		TEST(attempts_have_their_states),
		TEST(the_position_goes_with_the_tables),
		TEST(replay_gives_the_same),
		TEST(garbage_is_set_aside),
		TEST(an_empty_file_is_begun),
		TEST(a_truncated_file_is_set_aside),
		TEST(damage_is_found),
		TEST(companions_of_a_bad_file_go),
		TEST(another_schema_is_set_aside),
		TEST(what_is_no_file_is_refused),
		TEST(snapshots_are_whole_and_last),
		TEST(a_snapshot_of_nothing_fails),
		TEST(readers_see_what_is_committed),
		TEST(runners_come_and_go),
		TEST(failures_show_in_commit),
	};

	return cmocka_run_group_tests_name("index", tests, NULL, NULL);
}
