/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_damper - the application damper: its modes, its energies and its search.
 *
 * What can be known without the program is computed here in another way: one mass by its formula,
 * small chains in physical instead of modal coordinates with one big linear system (Kronecker)
 * instead of a Schur form.
 */
#include <errno.h>
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <lapacke.h>

#include "../../acr-layout/apps/damper/src/chain.h"
#include "../../acr-layout/apps/damper/src/lyapunov.h"
#include "../../acr-layout/apps/damper/src/minimise.h"

#define MASSES 4 /* of the largest chain that is solved the other way */
#define STATE (2 * MASSES)
#define UNKNOWNS (STATE * STATE)

static void assert_near(double found, double expected, double relative)
{
	if (fabs(found - expected) <= relative * fabs(expected))
		return;
	print_error("found %.17g, expected %.17g\n", found, expected);
	fail();
}

static double energy(const struct chain *chain, double viscosity)
{
	double trace = NAN;

	assert_int_equal(chain_energy(chain, viscosity, &trace), 0);
	return trace;
}

static const struct chain one_mass = {
	.masses = 1,
	.ends = CHAIN_LEFT,
	.dampers = 1,
	.position = { 1 },
};

static void one_mass_follows_the_formula(void **state)
{
	static const double viscosity[] = { 0.001, 0.1, 1, 1.9999, 2, 2.0001, 3, 10, 1000 };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(viscosity) / sizeof(*viscosity); i++)
		assert_near(energy(&one_mass, viscosity[i]), 2 / viscosity[i] + viscosity[i] / 2,
			    1e-12 + 1e-14 * viscosity[i] * viscosity[i]);
}

/* The stiffness between two masses of a chain, counted from 0. */
static double stiffness(const struct chain *chain, unsigned i, unsigned j)
{
	if (i == j)
		return chain->ends == CHAIN_LEFT && i + 1 == chain->masses ? 1 : 2;
	return i + 1 == j || j + 1 == i ? -1 : 0;
}

/* The springs pull each mass by the square of the frequency times its place. */
static void assert_mode_is_one_of_the_stiffness(const struct chain *chain, unsigned mode)
{
	double square = pow(chain_frequency(chain, mode), 2);
	unsigned i, j;

	for (i = 0; i < chain->masses; i++) {
		double force = 0;

		for (j = 0; j < chain->masses; j++)
			force += stiffness(chain, i, j) * chain_shape(chain, mode, j + 1);
		assert_near(10 + force, 10 + square * chain_shape(chain, mode, i + 1), 1e-14);
	}
}

static double shape_product(const struct chain *chain, unsigned mode, unsigned other)
{
	double product = 0;
	unsigned i;

	for (i = 1; i <= chain->masses; i++)
		product += chain_shape(chain, mode, i) * chain_shape(chain, other, i);
	return product;
}

static void modes_are_those_of_the_stiffness(void **state)
{
	struct chain chain = { .masses = 7 };
	unsigned ends, mode, other;

	(void)state;
	for (ends = CHAIN_BOTH; ends <= CHAIN_LEFT; ends++)
		for (mode = 1; mode <= chain.masses; mode++) {
			chain.ends = (enum chain_ends)ends;
			assert_mode_is_one_of_the_stiffness(&chain, mode);
			for (other = 1; other <= chain.masses; other++)
				assert_near(1 + shape_product(&chain, mode, other),
					    mode == other ? 2 : 1, 1e-14);
		}
}

static void swap(double *a, double *b)
{
	double kept = *a;

	*a = *b;
	*b = kept;
}

/* Solve the n equations m x = b by elimination; x replaces b. */
static void eliminate(size_t n, double m[UNKNOWNS][UNKNOWNS], double *b)
{
	size_t i, j, k;

	for (k = 0; k < n; k++) {
		size_t pivot = k;

		for (i = k + 1; i < n; i++)
			if (fabs(m[i][k]) > fabs(m[pivot][k]))
				pivot = i;
		for (j = 0; j < n; j++)
			swap(&m[k][j], &m[pivot][j]);
		swap(&b[k], &b[pivot]);
		for (i = 0; i < n; i++) {
			double factor = i == k ? 0 : m[i][k] / m[k][k];

			for (j = k; j < n && factor != 0; j++)
				m[i][j] -= factor * m[k][j];
			b[i] -= factor * b[k];
		}
	}
	for (k = 0; k < n; k++)
		b[k] /= m[k][k];
}

/*
 * The system in physical coordinates: with the stiffness K = LL' (Cholesky) and the state (L'x,
 * x'), A = [ 0 L' ; -L -C ].
 */
static void physical_system(const struct chain *chain, double viscosity, double a[STATE][STATE])
{
	double l[MASSES][MASSES] = { { 0 } };
	unsigned n = chain->masses, i, j, k;

	memset(a, 0, STATE * sizeof(*a));
	for (i = 0; i < n; i++)
		for (j = 0; j <= i; j++) {
			l[i][j] = stiffness(chain, i, j);
			for (k = 0; k < j; k++)
				l[i][j] -= l[i][k] * l[j][k];
			l[i][j] = i == j ? sqrt(l[i][i]) : l[i][j] / l[j][j];
			a[j][n + i] = l[i][j];
			a[n + i][j] = -l[i][j];
		}
	for (k = 0; k < chain->dampers; k++) {
		i = n + chain->position[k] - 1;
		a[i][i] -= viscosity;
	}
}

/* The trace of X in A'X + XA = -I as one linear system of (2n)^2 unknowns. */
static double energy_the_other_way(const struct chain *chain, double viscosity)
{
	static double m[UNKNOWNS][UNKNOWNS], x[UNKNOWNS], a[STATE][STATE];
	size_t n = 2 * (size_t)chain->masses, i, j, k;
	double trace = 0;

	physical_system(chain, viscosity, a);
	memset(m, 0, sizeof(m));
	memset(x, 0, sizeof(x));
	for (i = 0; i < n; i++)
		for (j = 0; j < n; j++) {
			for (k = 0; k < n; k++) {
				m[i * n + j][k * n + j] += a[k][i];
				m[i * n + j][i * n + k] += a[k][j];
			}
			x[i * n + j] = i == j ? -1 : 0;
		}
	eliminate(n * n, m, x);
	for (i = 0; i < n; i++)
		trace += x[i * n + i];
	return trace;
}

static void small_chains_agree_with_another_method(void **state)
{
	static const struct chain chains[] = {
		{ 2, CHAIN_BOTH, 1, { 1 } },	{ 2, CHAIN_LEFT, 1, { 2 } },
		{ 2, CHAIN_BOTH, 2, { 2, 1 } }, { 3, CHAIN_LEFT, 1, { 1 } },
		{ 4, CHAIN_BOTH, 1, { 2 } },	{ 4, CHAIN_LEFT, 2, { 1, 4 } },
	};
	static const double viscosity[] = { 0.1, 1, 7 };
	size_t i, j;

	(void)state;
	for (i = 0; i < sizeof(chains) / sizeof(*chains); i++)
		for (j = 0; j < sizeof(viscosity) / sizeof(*viscosity); j++)
			assert_near(energy(&chains[i], viscosity[j]),
				    energy_the_other_way(&chains[i], viscosity[j]), 1e-11);
}

static void damper_on_a_node_is_infinite(void **state)
{
	struct chain middle = { 3, CHAIN_BOTH, 1, { 2 } };

	(void)state;
	assert_int_equal(chain_undamped_mode(&middle), 2);
	assert_true(isinf(energy(&middle, 1)));
	/* a second damper beside the node stops that mode */
	middle.dampers = 2;
	middle.position[1] = 1;
	assert_int_equal(chain_undamped_mode(&middle), 0);
	assert_true(isfinite(energy(&middle, 1)));
}

/* Whole numbers and eigenvalues must agree about which motion never dies out. */
static void assert_nodes_agree(const struct chain *chain, double viscosity)
{
	static double a[48 * 48];
	double trace;
	int r, expected = chain_undamped_mode(chain) != 0 ? LYAPUNOV_UNSTABLE : 0;

	chain_matrix(chain, viscosity, a);
	r = lyapunov_trace(2 * (int)chain->masses, a, &trace);
	if (r == expected && isfinite(trace) == (r == 0))
		return;
	print_error("masses %u, ends %d, position %u, viscosity %g: %d, %g\n", chain->masses,
		    (int)chain->ends, chain->position[0], viscosity, r, trace);
	fail();
}

static void nodes_are_found_from_the_eigenvalues_too(void **state)
{
	static const double viscosity[] = { 0.01, 1, 100 };
	struct chain chain = { .dampers = 1 };
	unsigned ends;
	size_t i;

	(void)state;
	for (chain.masses = 1; chain.masses <= 24; chain.masses++)
		for (ends = CHAIN_BOTH; ends <= CHAIN_LEFT; ends++)
			for (chain.position[0] = 1; chain.position[0] <= chain.masses;
			     chain.position[0]++)
				for (i = 0; i < sizeof(viscosity) / sizeof(*viscosity); i++) {
					chain.ends = (enum chain_ends)ends;
					assert_nodes_agree(&chain, viscosity[i]);
				}
}

/*
 * A = [ -a b ; 0 -a ] so small that the solution, about 1e307, overflows unless dtrsyl scales it.
 * By hand: trace X = 1/a + b^2/(4 a^3).
 */
static void scale_of_the_solver_is_minded(void **state)
{
	const double a = 1e-280, b = 1e-266;
	double matrix[4] = { -a, 0, b, -a }, y[4] = { -1, 0, 0, -1 }, scale = 1, trace;

	(void)state;
	LAPACKE_dtrsyl(LAPACK_COL_MAJOR, 'T', 'N', 1, 2, 2, matrix, 2, matrix, 2, y, 2, &scale);
	assert_true(scale < 1e-3); /* else this test would show nothing */
	assert_int_equal(lyapunov_trace(2, matrix, &trace), 0);
	assert_near(trace, 1 / a + b / a * (b / a) / a / 4, 1e-9);
}

static void strange_matrices_are_told(void **state)
{
	double growing[1] = { 1 }, still[1] = { 0 }, rubbish[1] = { NAN }, huge[1] = { INFINITY };
	double trace;

	(void)state;
	assert_int_equal(lyapunov_trace(1, growing, &trace), LYAPUNOV_UNSTABLE);
	assert_true(isinf(trace));
	assert_int_equal(lyapunov_trace(1, still, &trace), LYAPUNOV_UNSTABLE);
	assert_int_equal(lyapunov_trace(1, rubbish, &trace), -EDOM);
	assert_int_equal(lyapunov_trace(1, huge, &trace), -EDOM);
}

static int energy_at(void *ctx, double viscosity, double *ret_y)
{
	return chain_energy(ctx, viscosity, ret_y);
}

static void one_mass_is_calmest_at_viscosity_two(void **state)
{
	struct chain chain = one_mass;
	struct minimise_result best;

	(void)state;
	assert_int_equal(minimise_log(0.1, 10, energy_at, &chain, &best), 0);
	assert_near(best.x, 2, 1e-6);
	assert_near(best.y, 2, 1e-12);
	assert_in_range(best.evaluations, 3, 40);
}

static void long_chain_is_least_where_the_search_says(void **state)
{
	struct chain chain = { 60, CHAIN_BOTH, 1, { 23 } };
	struct minimise_result best;

	(void)state;
	assert_int_equal(minimise_log(0.1, 10, energy_at, &chain, &best), 0);
	assert_true(energy(&chain, best.x * 1.001) > best.y);
	assert_true(energy(&chain, best.x / 1.001) > best.y);
	assert_true(energy(&chain, 0.1) > best.y);
	assert_true(energy(&chain, 10) > best.y);
}

/* Dips at 0.3 (value 1) and at 30 (value 0.5). */
static int two_dips(void *ctx, double x, double *ret_y)
{
	(void)ctx;
	*ret_y = fmin(1 + pow(log(x / 0.3), 2), 0.5 + pow(log(x / 30), 2));
	return 0;
}

static int rising(void *ctx, double x, double *ret_y)
{
	*ret_y = *(double *)ctx * x;
	return 0;
}

static int infinite_below_one(void *ctx, double x, double *ret_y)
{
	(void)ctx;
	*ret_y = x < 1 ? INFINITY : pow(log(x / 1.5), 2);
	return 0;
}

static int broken_above_one(void *ctx, double x, double *ret_y)
{
	(void)ctx;
	*ret_y = x;
	return x > 1 ? -ENOMEM : 0;
}

static void search_finds_the_deeper_dip(void **state)
{
	struct minimise_result best;

	(void)state;
	assert_int_equal(minimise_log(0.01, 1000, two_dips, NULL, &best), 0);
	assert_near(best.x, 30, 1e-6);
	assert_near(best.y, 0.5, 1e-12);
}

static void search_gives_the_end_of_a_range_exactly(void **state)
{
	double up = 1, down = -1, flat = 0;
	struct minimise_result best;

	(void)state;
	assert_int_equal(minimise_log(0.1, 10, rising, &up, &best), 0);
	assert_true(best.x == 0.1);
	assert_int_equal(minimise_log(0.1, 10, rising, &down, &best), 0);
	assert_true(best.x == 10);
	assert_int_equal(minimise_log(0.1, 10, rising, &flat, &best), 0);
	assert_true(best.y == 0);
	assert_int_equal(minimise_log(3, 3, rising, &up, &best), 0);
	assert_true(best.x == 3);
}

static void search_survives_infinity_and_passes_errors_on(void **state)
{
	double up = INFINITY;
	struct minimise_result best;

	(void)state;
	assert_int_equal(minimise_log(0.01, 100, infinite_below_one, NULL, &best), 0);
	assert_near(best.x, 1.5, 1e-6);
	assert_int_equal(minimise_log(0.1, 10, rising, &up, &best), 0);
	assert_true(isinf(best.y));
	assert_int_equal(minimise_log(0.1, 10, broken_above_one, NULL, &best), -ENOMEM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_mass_follows_the_formula),
		cmocka_unit_test(modes_are_those_of_the_stiffness),
		cmocka_unit_test(small_chains_agree_with_another_method),
		cmocka_unit_test(damper_on_a_node_is_infinite),
		cmocka_unit_test(nodes_are_found_from_the_eigenvalues_too),
		cmocka_unit_test(scale_of_the_solver_is_minded),
		cmocka_unit_test(strange_matrices_are_told),
		cmocka_unit_test(one_mass_is_calmest_at_viscosity_two),
		cmocka_unit_test(long_chain_is_least_where_the_search_says),
		cmocka_unit_test(search_finds_the_deeper_dip),
		cmocka_unit_test(search_gives_the_end_of_a_range_exactly),
		cmocka_unit_test(search_survives_infinity_and_passes_errors_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
