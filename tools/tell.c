/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tell - the one place from which spoolctl writes to stderr.
 *
 * A line is put together first and written with one call, so that lines of several spoolctl in one
 * pipeline do not mix. stdout is flushed before, so that a person reads both in the order of
 * events.
 */
#include "tell.h"

#include "cleanup.h"
#include "safefs.h"
#include "xalloc.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void say(const char *format, va_list ap) __attribute__((format(printf, 1, 0)));

static void say(const char *format, va_list ap)
{
	_cleanup_free_ char *text = xvasprintf(format, ap);

	fflush(stdout);
	fprintf(stderr, "spoolctl: %s\n", text);
}

int tell_failed(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	say(format, ap);
	va_end(ap);
	return TELL_FAILED;
}

int tell_usage(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	say(format, ap);
	va_end(ap);
	return TELL_USAGE;
}

void tell_note(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	say(format, ap);
	va_end(ap);
}

/* What helps against the errors that people meet on a share. */
static const char *remedy(int error)
{
	switch (error) {
	case EACCES:
	case EPERM:
		return "ask the owner of the share for access";
	case ENOENT:
		return "spoolctl init adds what is missing in a share";
	case ENOSPC:
	case EDQUOT:
		return "make room on the share (spoolctl rm removes finished jobs)";
	case EROFS:
		return "the share is mounted read-only; mount it for writing";
	default:
		if (safefs_is_trouble(-error))
			return "look whether the share is still mounted and its server answers";
		return "look whether the share is mounted and in order (spoolctl check)";
	}
}

int tell_errno(const char *what, int error)
{
	return tell_failed("%s: %s; %s", what, strerror(-error), remedy(-error));
}
