/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A story in lines of the log, and an index in a folder of its own that is told them: shared by
 * test_index.c and test_index_file.c, behind cmocka.h.
 */
#ifndef TEST_INDEX_STORY_H
#define TEST_INDEX_STORY_H

#include "event.h"
#include "index.h"
#include "rmtree.h"
#include "safefs.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOG "2026-11.log"
#define T "2026-11-20T10:00:0"

static char folder[] = "/tmp/test_index.XXXXXX";
static char path[64], other[64], snapshot[64], bad[64];

/* One job that is done, one that was withdrawn and runs, one rejected, one cancelled, two lost. */
static const char *const story[] = {
	T "0Z start by=spoold",
	T "0.500Z admit id=1 from=incoming to=queued state=QUEUED folder=1-sim name=sim user=eva "
	  "app=python3/1 group=brick ttl=3600 cores=1 memory=1000 why=waiting",
	T "1Z offer id=1 attempt=1 from=queued to=active state=OFFERED folder=1.1-sim "
	  "runner=lab-07",
	T "2Z claim id=1 attempt=1 from=active to=active state=RUNNING runner=lab-07",
	T "9Z file id=1 attempt=1 from=active to=done state=DONE folder=1-sim runner=lab-07 exit=0 "
	  "started=" T "2Z finished=" T "8Z wall=6 cpu=5.5 peak=77 why=exit\\x20code\\x200",
	T "1Z admit id=2 to=queued state=QUEUED folder=2-b name=b\\x20\\xff user=max "
	  "queued=" T "0Z",
	T "2Z offer id=2 attempt=1 to=active state=OFFERED folder=2.1-b runner=lab-07",
	T "3Z withdraw id=2 attempt=1 from=active to=queued state=QUEUED folder=2.1-b "
	  "runner=lab-07",
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
	T "6Z requeue id=5 attempt=1 to=queued state=QUEUED folder=5.1-e why=again",
	T "1Z admit id=8 to=queued state=QUEUED folder=8-h name=h user=ida",
	T "2Z offer id=8 attempt=1 to=active state=OFFERED folder=8.1-h runner=lab-09",
	T "3Z lose id=8 attempt=1 from=active to=lost folder=8.1-h",
	T "4Z abandon id=8 attempt=1 from=queued to=failed state=LOST folder=8-h",
	T "1Z admit id=6 to=queued state=QUEUED folder=6-f name=f user=eva",
	T "2Z gone id=6 from=queued",
	T "1Z admit id=7 to=queued state=QUEUED folder=7-g name=g user=eva",
	T "2Z return id=7 from=queued to=incoming folder=g",
};

#define STORY ((int)(sizeof(story) / sizeof(story[0])))

static inline int setup(void **state)
{
	(void)state;
	memcpy(folder + strlen(folder) - 6, "XXXXXX", 6);
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/index.db", folder);
	snprintf(other, sizeof(other), "%s/other.db", folder);
	snprintf(snapshot, sizeof(snapshot), "%s/a b%%?#.1.db", folder);
	snprintf(bad, sizeof(bad), "%s/index.db.bad", folder);
	return 0;
}

static inline int teardown(void **state)
{
	(void)state;
	return rmtree(AT_FDCWD, folder);
}

static inline struct index *open_index(const char *file, bool expect_fresh)
{
	struct index *ix;
	bool fresh = !expect_fresh;

	assert_int_equal(index_open(file, &ix, &fresh), 0);
	assert_int_equal(fresh, expect_fresh);
	return ix;
}

static inline void tell(struct index *ix, const char *line, int64_t end)
{
	struct event e;
	char *store;

	assert_int_equal(event_parse(line, &e, &store), 0);
	index_event(ix, &e, LOG, end);
	free(store);
}

/* Folds the lines from..to-1 of the story; the position is the number of lines. */
static inline void tell_story(struct index *ix, int from, int to)
{
	for (int i = from; i < to && i < STORY; i++)
		tell(ix, story[i], i + 1);
}

static inline struct index *told_index(const char *file)
{
	struct index *ix = open_index(file, true);

	tell_story(ix, 0, STORY);
	assert_int_equal(index_commit(ix), 0);
	return ix;
}

static inline int stop_at_once(const struct index_job *row, void *arg)
{
	(void)arg;
	return row->id > 0;
}

static inline int64_t differences(struct index *a, struct index *b, char **ret_text)
{
	size_t len;
	FILE *out = open_memstream(ret_text, &len);
	int64_t found = index_compare(a, b, out);

	fclose(out);
	return found;
}

static inline void assert_same(struct index *a, struct index *b)
{
	char *text;

	if (differences(a, b, &text) != 0)
		fail_msg("%s", text);
	free(text);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
