/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * doctor_pulse - is the content of a file that another host keeps replacing seen when it changes?
 *
 * Two observations are compared: the content as it is read, and the stamp (time of change) that a
 * fresh listing of the folder shows. A stamp that has moved while the content has not is a change
 * that this host fails to see. All times are ms of a clock that never jumps.
 */
#ifndef SPOOL_DOCTOR_PULSE_H
#define SPOOL_DOCTOR_PULSE_H

#include <stdbool.h>
#include <stdint.h>

enum pulse_verdict {
	PULSE_SILENT, /* nothing has changed */
	PULSE_FRESH,  /* changes are seen at once */
	PULSE_LATE,   /* after more than two seconds */
	PULSE_STALE   /* one was not seen for two and a half beats */
};

struct pulse {
	int64_t beat; /* how often the file should change */
	char *content;
	int64_t stamp;
	int64_t changed_at;    /* of the content, as seen */
	int64_t waiting_since; /* a stamp has moved, the content not; -1: no such change */
	bool ahead;	       /* the content has moved, the stamp not yet */
	unsigned changes;      /* of the content */
	int64_t longest_gap;   /* between two changes, or before the first */
	int64_t longest_lag;   /* from a stamp that has moved to its content */
};

/* The first look. content is copied; "" for a file that is not there. */
void pulse_begin(struct pulse *p, int64_t beat, int64_t now, const char *content, int64_t stamp);

/* Another look. */
void pulse_see(struct pulse *p, int64_t now, const char *content, int64_t stamp);

enum pulse_verdict pulse_judge(const struct pulse *p, int64_t now);

/* True if looking on would tell nothing new: two changes seen and none waited for, or stale. */
bool pulse_is_clear(const struct pulse *p, int64_t now);

void pulse_free(struct pulse *p);

#endif
