/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * errno - for clang-tidy alone, which includes it first. Its analyser holds that errno may be
 * negative, so that "return -errno" might mean success, and it cannot negate a range: here errno
 * is one of a few numbers.
 */
#include <errno.h>

static inline int *some_errno(void)
{
	static int found;

	switch (*__errno_location()) {
	case EINTR:
		found = EINTR;
		break;
	case ENOENT:
		found = ENOENT;
		break;
	case EEXIST:
		found = EEXIST;
		break;
	default:
		found = EIO;
	}
	return &found;
}

#undef errno
#define errno (*some_errno())
