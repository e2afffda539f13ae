/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tell - what spoolctl says about its own work on stderr, one line each: "spoolctl: what: why and
 * what to do".
 *
 * Texts that hold a user's bytes (names, contents) are escaped by the caller with escape_text.
 */
#ifndef SPOOL_TELL_H
#define SPOOL_TELL_H

/* Exit codes of every command; wait and submit --wait may return a job's own code besides. */
enum tell_exit {
	TELL_DONE = 0,
	TELL_FAILED = 1,
	TELL_USAGE = 2,
	TELL_WAITING = 3 /* submit --parsable: dropped, no id yet */
};

/* Prints the line and returns TELL_FAILED. */
int tell_failed(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Prints the line and returns TELL_USAGE. */
int tell_usage(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Prints the line: something worth knowing that is no failure. */
void tell_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The share or one of its folders could not be read; error is the negative errno. Returns
 * TELL_FAILED. */
int tell_errno(const char *what, int error);

#endif
