/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * claimrace - takes all the tickets of a folder that it can get, as runners do, in a race with
 * others on other hosts.
 *
 * claimrace FOLDER START PAUSE RID claims; without RID it withdraws, as the coordinator does. It
 * lists the folder and looks at each ticket first, so that the client's caches are warm, says
 * "warm", waits until a line comes from standard input, and then until as many seconds have passed
 * since the boot as stand in it; then it tries each once, beginning at
 * START percent of the list, with PAUSE microseconds between two. Racers go through the list side
 * by side, WINDOW tickets at a time and each of them in an order of his own: else the first would
 * stay one step ahead of the others and win them all. "won ID" is printed for each ticket that the
 * program believes to be its own, "lost N" at last; anything else is an error, told in words, with
 * status 1.
 */
#include "clock.h"
#include "safefs.h"
#include "spool.h"
#include "state.h"
#include "xalloc.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define WINDOW 6

struct race {
	int inbox;
	const char *rid;
	uint64_t *ids;
	size_t count, lost;
	int status;
};

static int note(const char *name, unsigned char type, void *arg)
{
	struct race *race = arg;
	struct spool_ticket_name ticket;
	struct stat st;

	(void)type;
	if (spool_parse_ticket_name(name, &ticket) < 0 || ticket.kind != SPOOL_TICKET_OFFER)
		return 0;
	(void)fstatat(race->inbox, name, &st, AT_SYMLINK_NOFOLLOW);
	race->ids = xrealloc(race->ids, race->count + 1, sizeof(*race->ids));
	race->ids[race->count++] = ticket.id;
	return 0;
}

/* The winner's ticket must be readable under the name that he alone made, and be the right one. */
static bool is_mine(const struct race *race, uint64_t id)
{
	char name[SPOOL_TICKET_SIZE], expected[32], *text = NULL;
	size_t len;
	bool mine;

	spool_ticket_name(name, id, 1, race->rid ? SPOOL_TICKET_CLAIM : SPOOL_TICKET_VOID,
			  race->rid);
	snprintf(expected, sizeof(expected), "ticket %llu\n", (unsigned long long)id);
	mine = safefs_read(race->inbox, name, 100, &text, &len, NULL) == 0 &&
	       strcmp(text, expected) == 0;
	free(text);
	return mine;
}

static void try(struct race *race, uint64_t id)
{
	enum ticket_move move = race->rid ? TICKET_MOVE_CLAIM : TICKET_MOVE_WITHDRAW;
	int r = state_move_ticket(race->inbox, move, id, 1, race->rid);

	if (r == SAFEFS_LOST) {
		race->lost++;
	} else if (r == 0 && is_mine(race, id)) {
		printf("won %llu\n", (unsigned long long)id);
	} else {
		printf("ticket %llu: %s\n", (unsigned long long)id,
		       r < 0 ? strerror(-r) : "won, but it is not there");
		race->status = 1;
	}
}

static int by_number(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Within each window, an order that is this racer's. */
static void shuffle(struct race *race)
{
	unsigned seed = 0;

	(void)!getrandom(&seed, sizeof(seed), 0);
	srandom(seed);
	qsort(race->ids, race->count, sizeof(*race->ids), by_number);
	for (size_t start = 0; start < race->count; start += WINDOW)
		for (size_t i = 1; i < WINDOW && start + i < race->count; i++) {
			size_t j = (size_t)random() % (i + 1);
			uint64_t id = race->ids[start + i];

			race->ids[start + i] = race->ids[start + j];
			race->ids[start + j] = id;
		}
}

int main(int argc, char **argv)
{
	struct race race = { .inbox = -1, .rid = argc > 4 ? argv[4] : NULL };
	char line[32];

	if (argc < 4)
		return 2;
	race.inbox = safefs_open_dir(AT_FDCWD, argv[1]);
	if (race.inbox < 0 || safefs_list(race.inbox, ".", note, &race) < 0) {
		fprintf(stderr, "claimrace: %s cannot be listed\n", argv[1]);
		return 2;
	}
	shuffle(&race);
	puts("warm");
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		return 2;
	while (clock_boot_ms() < 1000 * strtoll(line, NULL, 10))
		usleep(1000);
	size_t start = race.count * strtoul(argv[2], NULL, 10) / 100;
	for (size_t i = 0; i < race.count; i++) {
		try(&race, race.ids[(start + i) % race.count]);
		usleep((useconds_t)strtoul(argv[3], NULL, 10));
	}
	printf("lost %zu\n", race.lost);
	free(race.ids);
	return race.status;
}
