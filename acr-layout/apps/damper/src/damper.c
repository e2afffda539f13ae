/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * damper - how well do dampers at given places of a chain of masses and springs calm it down?
 *
 *	damper FILE
 *
 * Reads the description of a chain (input.h). Computes the total average energy, which is the
 * trace of the solution X of A'X + XA = -I for the linearised system: the smaller, the sooner all
 * motion dies out. For a range of viscosities finds the one where it is least. Prints lines "key
 * = value" and a sentence, and leaves the lines in result.txt of the working directory.
 *
 * result.txt appears by a rename, whole or not at all; a crash in the middle leaves
 * .tmp-result.txt, which the next run overwrites. Exit 0: computed (infinite is a result too); 1:
 * not; 2: wrong usage.
 */
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chain.h"
#include "input.h"
#include "minimise.h"

#define RESULT "result.txt"
#define RESULT_TMP ".tmp-result.txt"

static const char usage[] =
	"usage: damper FILE\n"
	"\n"
	"Total average energy of a chain of unit masses and springs with dampers.\n"
	"FILE has lines such as\n"
	"\n"
	"  masses 60          how many masses\n"
	"  position 12        the masses that hold a damper, counted from 1\n"
	"  viscosity 0.1 10   the range in which to find the best, or one number\n"
	"  ends both          walls at both ends (default), or only at the left\n"
	"                     (default for a single mass)\n"
	"\n"
	"The results are printed, and written to " RESULT " of the current folder.\n";

static int energy_at(void *ctx, double viscosity, double *ret_trace)
{
	return chain_energy(ctx, viscosity, ret_trace);
}

static int compute(struct input *input, struct minimise_result *ret)
{
	if (input->low == input->high || chain_undamped_mode(&input->chain) != 0) {
		ret->x = input->low;
		ret->evaluations = 1;
		return chain_energy(&input->chain, input->low, &ret->y);
	}
	return minimise_log(input->low, input->high, energy_at, &input->chain, ret);
}

static void print_lines(FILE *out, const struct input *input, const struct minimise_result *best)
{
	unsigned mode = chain_undamped_mode(&input->chain), i;

	fprintf(out, "masses = %u\n", input->chain.masses);
	fprintf(out, "ends = %s\n", input->chain.ends == CHAIN_BOTH ? "both" : "left");
	fprintf(out, "position =");
	for (i = 0; i < input->chain.dampers; i++)
		fprintf(out, " %u", input->chain.position[i]);
	fprintf(out, "\nviscosity = %.7g\n", best->x);
	fprintf(out, "trace = %.10g\n", best->y);
	if (mode != 0)
		fprintf(out, "undamped_mode = %u\n", mode);
	fprintf(out, "evaluations = %u\n", best->evaluations);
}

static void print_infinite(const struct input *input)
{
	unsigned mode = chain_undamped_mode(&input->chain);

	printf("\nThe energy is infinite: ");
	if (mode == 0)
		printf("some motion dies out too slowly to be told from one that lasts for\n"
		       "ever.\n");
	else
		printf("in mode %u of the chain (the modes counted from the\n"
		       "slowest) every mass that holds a damper stands still: nothing damps this\n"
		       "motion. Move or add a damper.\n",
		       mode);
}

/* "A chain of 60 masses with dampers at masses 7 and 23" */
static void print_subject(const struct chain *chain)
{
	unsigned i;

	printf("\nA chain of %u mass%s with ", chain->masses, chain->masses == 1 ? "" : "es");
	printf("%s", chain->dampers == 1 ? "a damper at mass" : "dampers at masses");
	printf(" %u", chain->position[0]);
	for (i = 1; i < chain->dampers; i++)
		printf("%s %u", i + 1 < chain->dampers ? "," : " and", chain->position[i]);
}

static void print_sentence(const struct input *input, const struct minimise_result *best)
{
	bool low = best->x == input->low, high = best->x == input->high;

	if (!isfinite(best->y)) {
		print_infinite(input);
		return;
	}
	print_subject(&input->chain);
	if (low && high)
		printf("\nof viscosity %.7g has the total average energy %.10g.\n", best->x,
		       best->y);
	else
		printf("\ncalms down soonest with viscosity %.7g:\n"
		       "the total average energy is then %.10g.\n",
		       best->x, best->y);
	if (low != high)
		printf("This is the %s end of the range that was searched:\n"
		       "a wider range may hold a better one.\n",
		       low ? "lower" : "upper");
}

static int write_result(const struct input *input, const struct minimise_result *best)
{
	FILE *out = fopen(RESULT_TMP, "we");
	int failed;

	if (!out)
		return -errno;
	print_lines(out, input, best);
	failed = ferror(out);
	if (fclose(out) != 0 || failed)
		return -EIO;
	return rename(RESULT_TMP, RESULT) < 0 ? -errno : 0;
}

static int run(const char *path)
{
	struct minimise_result best;
	struct input input;
	char why[INPUT_WHY_MAX];
	int r;

	if (input_read(path, &input, why) < 0) {
		fprintf(stderr, "damper: %s\n", why);
		return 1;
	}
	r = compute(&input, &best);
	if (r < 0) {
		fprintf(stderr, "damper: %s: cannot be computed: %s\n", path, strerror(-r));
		return 1;
	}
	print_lines(stdout, &input, &best);
	print_sentence(&input, &best);
	r = write_result(&input, &best);
	if (r < 0) {
		fprintf(stderr, "damper: " RESULT ": cannot be written: %s\n", strerror(-r));
		return 1;
	}
	if (fflush(stdout) != 0) {
		fprintf(stderr, "damper: the results cannot be printed: %s\n", strerror(errno));
		return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		fputs(usage, stdout);
		return 0;
	}
	if (argc != 2) {
		fputs(usage, stderr);
		return 2;
	}
	return run(argv[1]);
}
