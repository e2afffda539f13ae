/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * chain - a row of unit masses and unit springs, with dampers.
 *
 * The modes of such a row are sines and known in closed form; nothing is solved numerically here.
 * Mode j of a chain of n masses moves mass k by a multiple of sin(s j' k), with
 *
 *	both ends at a wall	s = pi / (n + 1)	j' = j
 *	left end at a wall	s = pi / (2n + 1)	j' = 2j - 1
 *
 * and its frequency is 2 sin(s j' / 2). One mass with the wall on the left has one spring and
 * frequency 1: there the energy is 2/v + v/2, least at v = 2, which fixes all factors below.
 *
 * Touches nothing but the caller's memory.
 */
#include "chain.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lyapunov.h"

static unsigned wave(const struct chain *chain, unsigned mode)
{
	return chain->ends == CHAIN_BOTH ? mode : 2 * mode - 1;
}

/* The number of steps, each of a mass, after which a wave of number 1 has turned by pi. */
static unsigned half_turn(const struct chain *chain)
{
	return chain->ends == CHAIN_BOTH ? chain->masses + 1 : 2 * chain->masses + 1;
}

double chain_frequency(const struct chain *chain, unsigned mode)
{
	return 2 * sin(M_PI * wave(chain, mode) / (2.0 * half_turn(chain)));
}

double chain_shape(const struct chain *chain, unsigned mode, unsigned mass)
{
	unsigned half = half_turn(chain);
	/*
	 * whole turns are taken off while the angle is an integer: a node comes out as 0, not as
	 * 1e-14
	 */
	unsigned steps = wave(chain, mode) * mass % (2 * half);
	double length = chain->ends == CHAIN_BOTH ? sqrt(2.0 / half) : 2 / sqrt(half);

	if (steps % half == 0)
		return 0;
	return length * sin(M_PI * steps / half);
}

unsigned chain_undamped_mode(const struct chain *chain)
{
	unsigned mode, d;

	for (mode = 1; mode <= chain->masses; mode++) {
		for (d = 0; d < chain->dampers; d++)
			if (wave(chain, mode) * chain->position[d] % half_turn(chain) != 0)
				break;
		if (d == chain->dampers)
			return mode;
	}
	return 0;
}

/*
 * Add one damper: it couples all modes that move its mass, -v (shape)(shape)' in the lower right
 * quarter.
 */
static void add_damper(const struct chain *chain, unsigned mass, double viscosity, double *a)
{
	double shape[CHAIN_MASSES_MAX];
	size_t n = chain->masses, i, j;

	for (i = 0; i < n; i++)
		shape[i] = chain_shape(chain, (unsigned)i + 1, mass);
	for (j = 0; j < n; j++)
		for (i = 0; i < n; i++)
			a[(n + j) * 2 * n + n + i] -= viscosity * shape[i] * shape[j];
}

void chain_matrix(const struct chain *chain, double viscosity, double *a)
{
	size_t n = chain->masses, i;
	unsigned d;

	memset(a, 0, 4 * n * n * sizeof(*a));
	for (i = 0; i < n; i++) {
		double frequency = chain_frequency(chain, (unsigned)i + 1);

		a[(n + i) * 2 * n + i] = frequency;
		a[i * 2 * n + n + i] = -frequency;
	}
	for (d = 0; d < chain->dampers; d++)
		add_damper(chain, chain->position[d], viscosity, a);
}

int chain_energy(const struct chain *chain, double viscosity, double *ret_trace)
{
	size_t n = 2 * (size_t)chain->masses;
	double *a;
	int r;

	if (chain_undamped_mode(chain) != 0) {
		*ret_trace = INFINITY;
		return 0;
	}
	a = malloc(n * n * sizeof(*a));
	if (!a)
		return -ENOMEM;
	chain_matrix(chain, viscosity, a);
	r = lyapunov_trace((int)n, a, ret_trace);
	free(a);
	return r == LYAPUNOV_UNSTABLE ? 0 : r;
}
