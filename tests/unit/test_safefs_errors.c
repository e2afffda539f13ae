/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unit tests of lib/safefs_errors: what an error says. fsync is the test's own: it says what it is
 * told to.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scratch.h"

#include <errno.h>

static int answers[2];
static unsigned fsyncs;

int fsync(int fd)
{
	int error = answers[fsyncs < 2 ? fsyncs : 1];

	(void)fd;
	fsyncs++;
	errno = error;
	return error ? -1 : 0;
}

static int sync_says(int fd, int first, int then)
{
	fsyncs = 0;
	answers[0] = first;
	answers[1] = then;
	return safefs_sync(fd);
}

static void folders_need_not_be_synced_everywhere(void **state)
{
	struct scratch s = scratch_new();

	(void)state;
	assert_int_equal(sync_says(s.fd, 0, 0), 0);
	assert_int_equal(sync_says(s.fd, EINVAL, 0), 0);
	assert_int_equal(sync_says(s.fd, EBADF, 0), 0);
	assert_int_equal(sync_says(s.fd, EIO, 0), -EIO);
	assert_int_equal(sync_says(s.fd, EROFS, 0), -EROFS);
	assert_int_equal(sync_says(-1, EBADF, 0), -EBADF);
	scratch_free(&s);
}

static void lost_writes_of_a_file_are_told(void **state)
{
	static const int errors[] = { EBADF, EINVAL, EIO, ESTALE, EROFS, ENOSPC };
	struct scratch s = scratch_new();
	int fd;

	(void)state;
	scratch_write(&s, "file", "bytes");
	fd = safefs_open(s.fd, "file", O_RDONLY, 0);
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		assert_int_equal(sync_says(fd, errors[i], 0), -errors[i]);
		assert_int_equal(fsyncs, 1); /* the next one would say "fine" */
	}
	assert_int_equal(sync_says(fd, EINTR, 0), 0);
	assert_int_equal(sync_says(fd, EINTR, EBADF), -EBADF);
	close(fd);
	scratch_free(&s);
}

/* -- what an error is about ---------------------------------------------------------------------- */

static void few_errors_are_about_a_name(void **state)
{
	static const int names[] = {
		ENOENT,	      EACCES, EPERM,  ENOTDIR, EISDIR,	  ELOOP,   EINVAL,
		ENAMETOOLONG, EEXIST, EFBIG,  EXDEV,   ENXIO,	  EBADMSG, EMSGSIZE,
		ENOEXEC,      E2BIG,  EILSEQ, ELIBBAD, ENOTEMPTY,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_false(safefs_is_passing(-names[i]));
		assert_false(safefs_is_trouble(-names[i]));
		assert_false(safefs_is_full(-names[i]));
	}
	for (int r = 0; r < 200; r++)
		assert_false(safefs_is_passing(r) || safefs_is_trouble(r) || safefs_is_full(r));
}

static void all_else_is_waited_for(void **state)
{
	static const int troubles[] = {
		EAGAIN,	      EINTR,	    EIO,	 ESTALE,      ETIMEDOUT,   EHOSTDOWN,
		EHOSTUNREACH, ENETDOWN,	    ENETUNREACH, ENETRESET,   ENOTCONN,	   ECONNRESET,
		ECONNABORTED, ECONNREFUSED, ESHUTDOWN,	 EPIPE,	      EREMOTEIO,   EBUSY,
		ENOLCK,	      ENOBUFS,	    ENOMEM,	 EMFILE,      ENFILE,	   EBADF,
		ENODEV,	      EROFS,	    ETXTBSY,	 EKEYEXPIRED, EKEYREVOKED, ENOKEY,
		EKEYREJECTED, EPROTO,	    ENOSYS,	 ECANCELED,   4000, /* of a kernel to come
									     */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(troubles) / sizeof(troubles[0]); i++) {
		assert_true(safefs_is_passing(-troubles[i]));
		assert_true(safefs_is_trouble(-troubles[i]));
		assert_false(safefs_is_full(-troubles[i]));
	}
}

static void no_room_is_passing_and_no_trouble(void **state)
{
	(void)state;
	assert_true(safefs_is_passing(-ENOSPC) && safefs_is_passing(-EDQUOT));
	assert_true(safefs_is_full(-ENOSPC) && safefs_is_full(-EDQUOT));
	assert_false(safefs_is_trouble(-ENOSPC) || safefs_is_trouble(-EDQUOT));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(folders_need_not_be_synced_everywhere),
		cmocka_unit_test(lost_writes_of_a_file_are_told),
		cmocka_unit_test(few_errors_are_about_a_name),
		cmocka_unit_test(all_else_is_waited_for),
		cmocka_unit_test(no_room_is_passing_and_no_trouble),
	};

	return cmocka_run_group_tests_name("safefs_errors", tests, NULL, NULL);
}
