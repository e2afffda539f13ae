/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_dropcheck - the whole examination of a drop: every odd kind of job.conf, what is incomplete,
 * what is refused. Writes in a folder of its own, which it removes.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cmocka.h>

#include "cfgfile.h"
#include "dropcheck.h"
#include "jobshare.h"

struct found {
	int result;
	struct jobfile job;
	struct needs needs;
	char *line; /* the complaint */
};

static struct found check(struct jobshare *s)
{
	struct found f = { 0 };
	struct complaint c = { 0 };
	struct tree tree;

	assert_int_equal(tree_look(s->job_fd, &tree, &c), 0);
	jobfile_init(&f.job);
	f.result = dropcheck(s->root.fd, &s->cat, s->job_fd, &tree, NULL, &jobshare_site, &f.job,
			     &f.needs, &c);
	assert_int_equal(complaint_any(&c), f.result > 0);
	if (f.result > 0)
		assert_true(*c.found && *c.expected && *c.remedy);
	f.line = complaint_line(&c);
	tree_free(&tree);
	complaint_free(&c);
	return f;
}

static void found_free(struct found *f)
{
	jobfile_free(&f->job);
	needs_free(&f->needs);
	free(f->line);
}

/* The drop is refused with these words, and nothing is filled in. */
static void check_refused(struct jobshare *s, int result, const char *says)
{
	struct found f = check(s);
	struct needs none = { 0 };

	if (f.result != result || !strstr(f.line, says))
		fail_msg("%d instead of %d: %s", f.result, result, f.line);
	assert_null(f.job.executable);
	assert_memory_equal(&f.needs, &none, sizeof(none));
	found_free(&f);
}

static int setup(void **state)
{
	struct jobshare *s = xcalloc(1, sizeof(*s));

	*s = jobshare_new();
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	jobshare_free(*state);
	free(*state);
	return 0;
}

static void good_drops_become_jobs(void **state)
{
	struct jobshare *s = *state;
	struct found f;

	jobshare_files(s, "sim.py data.csv in/more.csv");
	scratch_write(&s->root, "job/job.conf",
		      "\xef\xbb\xbf"
		      "executable = sim.py\r\nttl = 2m\r\ninputs = in/more.csv\r\n");
	f = check(s);
	assert_int_equal(f.result, 0);
	assert_string_equal(f.job.executable, "sim.py");
	assert_int_equal(f.needs.ttl_ms, 120000);
	assert_string_equal(f.needs.app, "python3/1");
	found_free(&f);
}

static void no_job_conf_is_fine(void **state)
{
	struct jobshare *s = *state;
	struct found f;

	jobshare_files(s, "sim.py data.csv ._sim.py .DS_Store Thumbs.db stdout.txt");
	f = check(s);
	assert_int_equal(f.result, 0);
	assert_null(f.job.executable);
	assert_string_equal(f.needs.app, "python3/1");
	found_free(&f);
}

static void odd_kinds_of_job_conf_are_refused(void **state)
{
	struct jobshare *s = *state;
	char *big = xcalloc(1 << 20, 1);

	jobshare_files(s, "sim.py job.conf/x");
	check_refused(s, COMPLAINT, "job.conf: a folder; expected a text file");
	jobshare_renew(s);
	jobshare_files(s, "sim.py other.conf");
	assert_int_equal(symlinkat("other.conf", s->job_fd, "job.conf"), 0);
	check_refused(s, COMPLAINT, "job.conf: a symbolic link; expected a text file");
	jobshare_renew(s);
	memset(big, '#', (1 << 20) - 1);
	scratch_write(&s->root, "job/job.conf", big);
	check_refused(s, COMPLAINT, "job.conf: a file of more than 65536 bytes");
	big[CFGFILE_MAX_BYTES] = '\0';
	scratch_write(&s->root, "job/job.conf", big);
	check_refused(s, COMPLAINT, "the folder is empty");
	free(big);
}

/* tree_check names these first; job.conf read by itself must not hang on them either. */
static void job_conf_that_is_no_file_does_not_hang(void **state)
{
	struct jobshare *s = *state;
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	struct complaint c = { 0 };
	struct jobfile job;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(mkfifoat(s->job_fd, "job.conf", 0600), 0);
	check_refused(s, COMPLAINT, "job.conf: a device, fifo or socket");
	assert_int_equal(dropcheck_read_job(s->job_fd, &job, &c), COMPLAINT);
	assert_string_equal(c.found, "a named pipe");
	complaint_free(&c);
	jobshare_renew(s);
	snprintf(name.sun_path, sizeof(name.sun_path), "/proc/self/fd/%d/job.conf", s->job_fd);
	assert_int_equal(bind(fd, (struct sockaddr *)&name, sizeof(name)), 0);
	assert_int_equal(dropcheck_read_job(s->job_fd, &job, &c), COMPLAINT);
	assert_string_equal(c.found, "a socket");
	complaint_free(&c);
	close(fd);
	jobfile_free(&job);
}

static void bad_texts_are_refused(void **state)
{
	struct jobshare *s = *state;

	jobshare_files(s, "sim.py");
	scratch_write(&s->root, "job/job.conf", "executable = sim.py\ntll = 2h\n");
	check_refused(s, COMPLAINT, "job.conf:2: unknown key \"tll\"");
	scratch_bytes(&s->root, "job/job.conf", "\x7f\x00\x01", 3);
	check_refused(s, COMPLAINT, "job.conf:1: a zero byte");
	scratch_write(&s->root, "job/job.conf", "\x80\x81\x82");
	check_refused(s, COMPLAINT, "job.conf:1: the byte 0x80");
}

static void unreadable_job_conf_is_refused(void **state)
{
	struct jobshare *s = *state;

	if (geteuid() == 0) {
		print_message("# root reads everything: only an ordinary user can be refused\n");
		skip();
	}
	jobshare_files(s, "sim.py job.conf");
	assert_int_equal(fchmodat(s->job_fd, "job.conf", 0, 0), 0);
	check_refused(s, COMPLAINT, "job.conf: a file that may not be read");
}

static void names_that_were_meant_are_told(void **state)
{
	static const char *const names[] = { "Job.conf", "JOB.CONF", "job.conf.txt", "job.conf~",
					     "job.conf.rtf" };
	struct jobshare *s = *state;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		jobshare_renew(s);
		jobshare_files(s, "sim.py");
		jobshare_files(s, names[i]);
		check_refused(s, COMPLAINT, "the folder: no job.conf, but a file");
	}
	jobshare_renew(s);
	jobshare_files(s, "sim.py job.conf~ sub/job.conf.txt");
	scratch_write(&s->root, "job/job.conf", "executable = sim.py\n");
	for (int i = 0; i < 2; i++) {
		struct found f = check(s);

		assert_int_equal(f.result, 0);
		found_free(&f);
		assert_int_equal(unlinkat(s->job_fd, "job.conf~", 0), i ? -1 : 0);
	}
}

static void missing_inputs_make_it_wait(void **state)
{
	struct jobshare *s = *state;
	struct found f;

	jobshare_files(s, "sim.py a.dat");
	scratch_write(&s->root, "job/job.conf",
		      "executable = sim.py\ninputs = {a.dat, \"in/b.dat\"}\n");
	check_refused(s, DROPCHECK_INCOMPLETE,
		      "job.conf:2: \"in/b.dat\" in \"inputs\", which is not there yet");
	jobshare_files(s, "in/b.dat/x");
	check_refused(s, COMPLAINT, "job.conf:2: \"in/b.dat\" for \"inputs\", which is not a file");
	scratch_clear(&s->root, "job/in");
	jobshare_files(s, "in/b.dat");
	f = check(s);
	assert_int_equal(f.result, 0);
	found_free(&f);
}

static void empty_and_hostile_folders_are_refused(void **state)
{
	struct jobshare *s = *state;

	check_refused(s, COMPLAINT, "the folder is empty");
	jobshare_files(s, "sim.py");
	assert_int_equal(symlinkat("/etc/passwd", s->job_fd, "data.csv"), 0);
	check_refused(s, COMPLAINT, "data.csv: a symbolic link to \"/etc/passwd\"");
}

static void job_conf_alone_can_be_read(void **state)
{
	struct jobshare *s = *state;
	struct complaint c = { 0 };
	struct jobfile job;

	assert_int_equal(dropcheck_read_job(s->job_fd, &job, &c), 0);
	assert_null(job.executable);
	assert_int_equal(job.success_count, 1);
	jobfile_free(&job);
	scratch_write(&s->root, "job/job.conf", "executable = not-there\n");
	assert_int_equal(dropcheck_read_job(s->job_fd, &job, &c), 0);
	assert_string_equal(job.executable, "not-there");
	jobfile_free(&job);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(good_drops_become_jobs, setup, teardown),
		cmocka_unit_test_setup_teardown(no_job_conf_is_fine, setup, teardown),
		cmocka_unit_test_setup_teardown(odd_kinds_of_job_conf_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(job_conf_that_is_no_file_does_not_hang, setup,
						teardown),
		cmocka_unit_test_setup_teardown(bad_texts_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(unreadable_job_conf_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(names_that_were_meant_are_told, setup, teardown),
		cmocka_unit_test_setup_teardown(missing_inputs_make_it_wait, setup, teardown),
		cmocka_unit_test_setup_teardown(empty_and_hostile_folders_are_refused, setup,
						teardown),
		cmocka_unit_test_setup_teardown(job_conf_alone_can_be_read, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
