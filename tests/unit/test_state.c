/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unit tests of lib/state: the table of moves, each move on a real share, and the races that a
 * rename decides. Faults 9, 10, 41, 42.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "newshare.h"
#include "state.h"

#include <errno.h>
#include <pthread.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define RACERS 8
#define ROUNDS 500

static bool there(const struct spool *sp, enum spool_place place, const char *name)
{
	return safefs_look(sp->place_fd[place], name, NULL) == 0;
}

static void make_job(const struct spool *sp, enum spool_place place, const char *name)
{
	assert_int_equal(mkdirat(sp->place_fd[place], name, 0700), 0);
}

static void remove_job(const struct spool *sp, enum spool_place place, const char *name)
{
	assert_int_equal(unlinkat(sp->place_fd[place], name, AT_REMOVEDIR), 0);
}

/* -- the table ---------------------------------------------------------------------------------- */

/* spool.7 again, by hand. */
static const struct state_row expected[] = {
	[MOVE_ADMIT] = { "admit", SPOOL_INCOMING, SPOOL_QUEUED, "QUEUED" },
	[MOVE_REJECT] = { "reject", SPOOL_INCOMING, SPOOL_FAILED, "REJECTED" },
	[MOVE_RETURN] = { "return", SPOOL_QUEUED, SPOOL_INCOMING, NULL },
	[MOVE_REFUSE] = { "refuse", SPOOL_QUEUED, SPOOL_FAILED, "REJECTED" },
	[MOVE_CANCEL] = { "cancel", SPOOL_QUEUED, SPOOL_FAILED, "CANCELLED" },
	[MOVE_OFFER] = { "offer", SPOOL_QUEUED, SPOOL_ACTIVE, "OFFERED" },
	[MOVE_WITHDRAW] = { "withdraw", SPOOL_ACTIVE, SPOOL_QUEUED, "QUEUED" },
	[MOVE_DONE] = { "file", SPOOL_ACTIVE, SPOOL_DONE, "DONE" },
	[MOVE_FAIL] = { "file", SPOOL_ACTIVE, SPOOL_FAILED, NULL },
	[MOVE_LOSE] = { "lose", SPOOL_ACTIVE, SPOOL_LOST, NULL },
	[MOVE_REVIVE] = { "requeue", SPOOL_QUEUED, SPOOL_QUEUED, "QUEUED" },
	[MOVE_ABANDON] = { "abandon", SPOOL_QUEUED, SPOOL_FAILED, "LOST" },
};

static void the_table_is_total(void **state)
{
	(void)state;
	assert_int_equal(COUNT(expected), STATE_MOVES);
	for (int i = 0; i < STATE_MOVES; i++) {
		const struct state_row *row = state_row((enum state_move)i);

		assert_string_equal(row->verb, expected[i].verb);
		assert_int_equal(row->from, expected[i].from);
		assert_int_equal(row->to, expected[i].to);
		assert_int_equal(row->leaves != NULL, expected[i].leaves != NULL);
		if (row->leaves)
			assert_string_equal(row->leaves, expected[i].leaves);
		/* Job folders are in these six places only. */
		assert_true(row->from <= SPOOL_LOST && row->to <= SPOOL_LOST);
		/* What has ended stays where it is; what a move leaves there has ended. */
		assert_true(row->from <= SPOOL_ACTIVE);
		if (row->leaves)
			assert_int_equal(state_is_end(row->leaves),
					 row->to == SPOOL_DONE || row->to == SPOOL_FAILED);
	}
}

static void ends_are_ends(void **state)
{
	static const char *const ends[] = { "DONE",	 "FAILED", "TIMEOUT", "OUT_OF_MEMORY",
					    "CANCELLED", "LOST",   "REJECTED" };
	static const char *const others[] = {
		"QUEUED", "HELD", "OFFERED", "RUNNING", "SUSPENDED", "COMPLETING",
		"",	  "done", "DONE ",   "DON",	"DONED",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(ends); i++)
		assert_true(state_is_end(ends[i]));
	for (size_t i = 0; i < COUNT(others); i++)
		assert_false(state_is_end(others[i]));
}

/* -- folders ------------------------------------------------------------------------------------ */

static void each_move_goes_from_place_to_place(void **state)
{
	struct newshare s = newshare_new();

	(void)state;
	for (int i = 0; i < STATE_MOVES; i++) {
		enum state_move move = (enum state_move)i;
		enum spool_place from = expected[i].from, to = expected[i].to;

		make_job(&s.sp, from, "1-a");
		assert_int_equal(state_move(&s.sp, move, "1-a", "1.1-a"), 0);
		assert_false(there(&s.sp, from, "1-a"));
		assert_true(there(&s.sp, to, "1.1-a"));
		/* Once more is the same. */
		assert_int_equal(state_move(&s.sp, move, "1-a", "1.1-a"), 0);
		assert_true(there(&s.sp, to, "1.1-a"));
		/* An existing target is never overwritten (fault 41). */
		make_job(&s.sp, from, "1-a");
		assert_int_equal(state_move(&s.sp, move, "1-a", "1.1-a"), -EEXIST);
		assert_true(there(&s.sp, from, "1-a") && there(&s.sp, to, "1.1-a"));
		remove_job(&s.sp, from, "1-a");
		remove_job(&s.sp, to, "1.1-a");
		/* What is not there is lost, and stays lost. */
		assert_int_equal(state_move(&s.sp, move, "1-a", "1.1-a"), SAFEFS_LOST);
		assert_false(there(&s.sp, to, "1.1-a"));
	}
	newshare_free(&s);
}

static void drop_boxes_lead_in(void **state)
{
	static const enum state_move in[] = { MOVE_ADMIT, MOVE_REJECT };
	struct newshare s = newshare_new();
	int box;

	(void)state;
	assert_int_equal(mkdirat(s.sp.place_fd[SPOOL_INCOMING], "@octave", 0700), 0);
	box = safefs_open_dir(s.sp.place_fd[SPOOL_INCOMING], "@octave");
	for (size_t i = 0; i < COUNT(in); i++) {
		assert_int_equal(mkdirat(box, "My Sim", 0700), 0);
		make_job(&s.sp, SPOOL_INCOMING, "My Sim");
		assert_int_equal(state_move_from(&s.sp, box, in[i], "My Sim", "1-my_sim"), 0);
		assert_true(there(&s.sp, expected[in[i]].to, "1-my_sim"));
		assert_int_equal(safefs_look(box, "My Sim", NULL), -ENOENT);
		assert_true(there(&s.sp, SPOOL_INCOMING, "My Sim"));
		remove_job(&s.sp, SPOOL_INCOMING, "My Sim");
	}
	close(box);
	newshare_free(&s);
}

/* -- tickets ------------------------------------------------------------------------------------ */

#define RID "r1-0123abcd-4567cdef"
#define OTHER "r1-0123abcd-89ab0123"

static void put(int inbox, const char *name)
{
	assert_int_equal(safefs_create(inbox, name, name, strlen(name), 0600, NULL), 0);
}

/* From which name to which; NULL: from here this move must be lost, whatever else is in the inbox.
 */
static const struct {
	enum ticket_move move;
	const char *verb, *rid, *from, *to;
} ticket_rows[] = {
	{ TICKET_MOVE_OPEN, "open", NULL, ".tmp-7.2", "7.2.offer" },
	{ TICKET_MOVE_WITHDRAW, "withdraw", NULL, "7.2.offer", "7.2.void" },
	{ TICKET_MOVE_CLAIM, "claim", RID, "7.2.offer", "7.2.claim." RID },
	{ TICKET_MOVE_DONE, "done", RID, "7.2.claim." RID, "7.2.done." RID },
	{ TICKET_MOVE_BACK, "back", RID, "7.2.claim." RID, "7.2.back." RID },
};

static const char *const ticket_names[] = {
	".tmp-7.2",	   "7.2.offer",	    "7.2.void",		"7.2.claim." RID,
	"7.2.done." RID,   "7.2.back." RID, "7.2.claim." OTHER, "7.2.done." OTHER,
	"7.2.back." OTHER, "7.2.cancel",    "7.2.revoked",	"7.1.offer",
	"7.1.claim." RID,  "7.3.offer",	    "17.2.offer",	".tmp-7.1",
};

static void each_ticket_moves_along_its_way(void **state)
{
	struct newshare s = newshare_new();
	int inbox = spool_open_inbox(&s.sp, "r1", true);

	(void)state;
	assert_int_equal(COUNT(ticket_rows), TICKET_MOVES);
	for (size_t i = 0; i < COUNT(ticket_rows); i++) {
		enum ticket_move move = ticket_rows[i].move;

		assert_int_equal(move, i);
		assert_string_equal(state_ticket_verb(move), ticket_rows[i].verb);
		for (size_t k = 0; k < COUNT(ticket_names); k++) {
			const char *name = ticket_names[k];
			bool is_from = strcmp(name, ticket_rows[i].from) == 0;
			bool is_to = strcmp(name, ticket_rows[i].to) == 0;

			put(inbox, name);
			assert_int_equal(state_move_ticket(inbox, move, 7, 2, ticket_rows[i].rid),
					 is_from || is_to ? 0 : SAFEFS_LOST);
			assert_int_equal(unlinkat(inbox, is_from ? ticket_rows[i].to : name, 0), 0);
		}
		put(inbox, ticket_rows[i].from);
		put(inbox, ticket_rows[i].to);
		/* A name with a rid is made by one instance only, so nobody looks whether it is
		 * taken. */
		assert_int_equal(state_move_ticket(inbox, move, 7, 2, ticket_rows[i].rid),
				 ticket_rows[i].rid ? 0 : -EEXIST);
		(void)unlinkat(inbox, ticket_rows[i].from, 0);
		assert_int_equal(unlinkat(inbox, ticket_rows[i].to, 0), 0);
	}
	close(inbox);
	newshare_free(&s);
}

/* -- races -------------------------------------------------------------------------------------- */

struct race {
	pthread_barrier_t start, end;
	void (*run)(const struct race *race, unsigned round, unsigned racer, int *verdict);
	struct newshare share;
	int inbox;
	unsigned racers;
	int verdicts[RACERS];
};

struct racer {
	struct race *race;
	unsigned number;
	pthread_t thread;
};

static void *run_racer(void *arg)
{
	struct racer *me = arg;

	for (unsigned round = 1; round <= ROUNDS; round++) {
		pthread_barrier_wait(&me->race->start);
		me->race->run(me->race, round, me->number, &me->race->verdicts[me->number]);
		pthread_barrier_wait(&me->race->end);
	}
	return NULL;
}

static int count_one(const char *name, unsigned char type, void *arg)
{
	(void)name;
	(void)type;
	++*(unsigned *)arg;
	return 0;
}

/* In each round one racer wins, all others have lost. prepare lays out what they race for and
 * removes it again (with the round before). */
static void hold_race(struct race *race, void (*prepare)(struct race *race, unsigned round),
		      void (*inspect)(struct race *race, unsigned round, unsigned winner))
{
	struct racer racers[RACERS];

	race->share = newshare_new();
	race->inbox = spool_open_inbox(&race->share.sp, "r1", true);
	pthread_barrier_init(&race->start, NULL, race->racers + 1);
	pthread_barrier_init(&race->end, NULL, race->racers + 1);
	for (unsigned i = 0; i < race->racers; i++) {
		racers[i] = (struct racer){ .race = race, .number = i };
		assert_int_equal(pthread_create(&racers[i].thread, NULL, run_racer, &racers[i]), 0);
	}
	for (unsigned round = 1; round <= ROUNDS; round++) {
		unsigned winners = 0, winner = 0;

		prepare(race, round);
		pthread_barrier_wait(&race->start);
		pthread_barrier_wait(&race->end);
		for (unsigned i = 0; i < race->racers; i++) {
			winners += race->verdicts[i] == 0;
			winner = race->verdicts[i] == 0 ? i : winner;
			assert_true(race->verdicts[i] == 0 || race->verdicts[i] == SAFEFS_LOST);
		}
		assert_int_equal(winners, 1);
		inspect(race, round, winner);
	}
	for (unsigned i = 0; i < race->racers; i++)
		pthread_join(racers[i].thread, NULL);
	pthread_barrier_destroy(&race->start);
	pthread_barrier_destroy(&race->end);
	close(race->inbox);
	newshare_free(&race->share);
}

static void put_ticket(struct race *race, unsigned round, enum spool_ticket_kind kind,
		       const char *rid)
{
	char name[SPOOL_TICKET_SIZE];

	put(race->inbox, spool_ticket_name(name, round, 1, kind, rid));
}

static void put_offer(struct race *race, unsigned round)
{
	put_ticket(race, round, SPOOL_TICKET_OFFER, NULL);
}

static void put_claim(struct race *race, unsigned round)
{
	put_ticket(race, round, SPOOL_TICKET_CLAIM, RID);
}

/* One ticket is left, under the winner's name; it goes. */
static void expect_ticket(struct race *race, unsigned round, enum spool_ticket_kind kind,
			  const char *rid)
{
	char name[SPOOL_TICKET_SIZE];
	unsigned count = 0;

	assert_int_equal(safefs_list(race->inbox, ".", count_one, &count), 0);
	assert_int_equal(count, 1);
	assert_int_equal(unlinkat(race->inbox, spool_ticket_name(name, round, 1, kind, rid), 0), 0);
}

static char *racer_rid(unsigned racer, char *rid)
{
	snprintf(rid, SPOOL_RID_SIZE, "r1-0123abcd-0000000%u", racer);
	return rid;
}

static void claim(const struct race *race, unsigned round, unsigned racer, int *verdict)
{
	char rid[SPOOL_RID_SIZE];

	*verdict = state_move_ticket(race->inbox, TICKET_MOVE_CLAIM, round, 1,
				     racer_rid(racer, rid));
}

static void expect_claim(struct race *race, unsigned round, unsigned winner)
{
	char rid[SPOOL_RID_SIZE];

	expect_ticket(race, round, SPOOL_TICKET_CLAIM, racer_rid(winner, rid));
}

static void one_of_many_claims(void **state)
{
	struct race race = { .run = claim, .racers = RACERS };

	(void)state;
	hold_race(&race, put_offer, expect_claim);
}

static void claim_or_withdraw(const struct race *race, unsigned round, unsigned racer, int *verdict)
{
	if ((round + racer) % 2)
		*verdict = state_move_ticket(race->inbox, TICKET_MOVE_WITHDRAW, round, 1, NULL);
	else
		*verdict = state_move_ticket(race->inbox, TICKET_MOVE_CLAIM, round, 1, RID);
}

static void expect_claim_or_void(struct race *race, unsigned round, unsigned winner)
{
	if ((round + winner) % 2)
		expect_ticket(race, round, SPOOL_TICKET_VOID, NULL);
	else
		expect_ticket(race, round, SPOOL_TICKET_CLAIM, RID);
}

static void claimed_or_withdrawn(void **state)
{
	struct race race = { .run = claim_or_withdraw, .racers = 2 };

	(void)state;
	hold_race(&race, put_offer, expect_claim_or_void);
}

static void end_claim(const struct race *race, unsigned round, unsigned racer, int *verdict)
{
	*verdict = state_move_ticket(race->inbox,
				     (round + racer) % 2 ? TICKET_MOVE_DONE : TICKET_MOVE_BACK,
				     round, 1, RID);
}

static void expect_end(struct race *race, unsigned round, unsigned winner)
{
	expect_ticket(race, round, (round + winner) % 2 ? SPOOL_TICKET_DONE : SPOOL_TICKET_BACK,
		      RID);
}

static void done_or_given_back(void **state)
{
	struct race race = { .run = end_claim, .racers = 2 };

	(void)state;
	hold_race(&race, put_claim, expect_end);
}

/* The folder is the arbiter between filing and revoking (spool.7). */
static void file_or_lose(const struct race *race, unsigned round, unsigned racer, int *verdict)
{
	if ((round + racer) % 2)
		*verdict = state_move(&race->share.sp, MOVE_DONE, "1.1-a", "1-a");
	else
		*verdict = state_move(&race->share.sp, MOVE_LOSE, "1.1-a", "1.1-a");
}

static void put_active(struct race *race, unsigned round)
{
	(void)round;
	make_job(&race->share.sp, SPOOL_ACTIVE, "1.1-a");
}

static void expect_filed_or_lost(struct race *race, unsigned round, unsigned winner)
{
	bool filed = (round + winner) % 2;

	assert_false(there(&race->share.sp, SPOOL_ACTIVE, "1.1-a"));
	assert_int_equal(there(&race->share.sp, SPOOL_DONE, "1-a"), filed);
	assert_int_equal(there(&race->share.sp, SPOOL_LOST, "1.1-a"), !filed);
	remove_job(&race->share.sp, filed ? SPOOL_DONE : SPOOL_LOST, filed ? "1-a" : "1.1-a");
}

static void filed_or_lost(void **state)
{
	struct race race = { .run = file_or_lose, .racers = 2 };

	(void)state;
	hold_race(&race, put_active, expect_filed_or_lost);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_is_total),
		cmocka_unit_test(ends_are_ends),
		cmocka_unit_test(each_move_goes_from_place_to_place),
		cmocka_unit_test(drop_boxes_lead_in),
		cmocka_unit_test(each_ticket_moves_along_its_way),
		cmocka_unit_test(one_of_many_claims),
		cmocka_unit_test(claimed_or_withdrawn),
		cmocka_unit_test(done_or_given_back),
		cmocka_unit_test(filed_or_lost),
	};

	alarm(120); /* a race that does not end fails */
	return cmocka_run_group_tests_name("state", tests, NULL, NULL);
}
