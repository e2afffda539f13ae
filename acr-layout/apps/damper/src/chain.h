/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DAMPER_CHAIN_H
#define DAMPER_CHAIN_H

#define CHAIN_MASSES_MAX 500
#define CHAIN_DAMPERS_MAX 16

enum chain_ends {
	CHAIN_BOTH, /* a spring to a wall at either end: masses + 1 springs */
	CHAIN_LEFT  /* a spring to a wall on the left, the right end free: masses springs */
};

/*
 * Unit masses in a row, unit springs between neighbours; the dampers stand between a mass and the
 * ground.
 */
struct chain {
	unsigned masses; /* 1 to CHAIN_MASSES_MAX */
	enum chain_ends ends;
	unsigned dampers; /* how many there are, 1 to CHAIN_DAMPERS_MAX */
	/* the mass that each one holds, counted from 1; no mass twice */
	unsigned position[CHAIN_DAMPERS_MAX];
};

/* Circular frequency of a mode (counted from 1) of the undamped chain. */
double chain_frequency(const struct chain *chain, unsigned mode);

/*
 * How far the given mass (counted from 1) moves in the given mode; the squares over all masses
 * add up to 1.
 */
double chain_shape(const struct chain *chain, unsigned mode, unsigned mass);

/*
 * The first mode in which every damper stands on a mass that never moves, so that nothing ever
 * slows this mode down. 0 if there is none, that is if all motion dies out. Exact: integers only.
 */
unsigned chain_undamped_mode(const struct chain *chain);

/*
 * Write the linearised first-order system into a: 2 masses x 2 masses numbers, column by column,
 * owned by the caller. The state is (frequency times modal position, modal velocity) of each
 * mode, so that half its square is the energy of the chain: A = [ 0 W ; -W -C ] with W the
 * frequencies and C the damping in modes. The viscosity is the same for all dampers.
 */
void chain_matrix(const struct chain *chain, double viscosity, double *a);

/*
 * The total average energy of the damped chain, which is the trace of X in A'X + XA = -I. Returns
 * 0 and *ret_trace, which is infinite if some motion never dies out; -ENOMEM; -ERANGE if the
 * eigenvalues could not be found (not seen yet: it needs numbers that are not finite).
 */
int chain_energy(const struct chain *chain, double viscosity, double *ret_trace);

#endif
