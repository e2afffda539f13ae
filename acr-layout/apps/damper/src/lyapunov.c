/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lyapunov - the trace of the solution of A'X + XA = -I, by LAPACK.
 *
 * With the real Schur form A = QTQ' the equation becomes T'Y + YT = -I for Y = Q'XQ, and the
 * trace of Y is that of X. So Q is never computed, which halves the work. dtrsyl solves T'Y + YT
 * = -scale I, with a scale below 1 where Y would overflow on the way: the trace is divided by it
 * at the end.
 *
 * Touches nothing but the caller's memory.
 */
#include "lyapunov.h"

#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include <lapacke.h>

/*
 * An eigenvalue on the imaginary axis comes out with a real part of either sign, in proportion to
 * the size of the matrix (the root of the sum of all squares): never seen above a twentieth of
 * this, for chains of 3 to 300 masses and viscosities from 0.0001 to 10000. The slowest motion of
 * any chain that the program accepts is far above it.
 */
#define NOISE (4 * DBL_EPSILON)

/* The largest real part of an eigenvalue, from a Schur form made in place of a. */
static int schur(int n, double *a, double *ret_growth)
{
	double *re = malloc((size_t)n * sizeof(*re));
	double *im = malloc((size_t)n * sizeof(*im));
	double no_vectors;
	lapack_int selected, info = LAPACK_WORK_MEMORY_ERROR;
	int i;

	if (re && im)
		info = LAPACKE_dgees(LAPACK_COL_MAJOR, 'N', 'N', NULL, n, a, n, &selected, re, im,
				     &no_vectors, 1);
	*ret_growth = -INFINITY;
	for (i = 0; info == 0 && i < n; i++)
		*ret_growth = fmax(*ret_growth, re[i]);
	free(re);
	free(im);
	if (info == LAPACK_WORK_MEMORY_ERROR || info == LAPACK_TRANSPOSE_MEMORY_ERROR)
		return -ENOMEM;
	if (info < 0)
		return -EDOM; /* LAPACKE looks for NaN before it starts */
	return info == 0 ? 0 : -ERANGE;
}

/* T'Y + YT = -I: the trace of Y. */
static int solve(int n, const double *t, double *ret_trace)
{
	size_t size = (size_t)n, i;
	double *y = calloc(size * size, sizeof(*y));
	double scale = 1, sum = 0;
	lapack_int info;

	if (!y)
		return -ENOMEM;
	for (i = 0; i < size; i++)
		y[i * size + i] = -1;
	info = LAPACKE_dtrsyl(LAPACK_COL_MAJOR, 'T', 'N', 1, n, n, t, n, t, n, y, n, &scale);
	for (i = 0; i < size; i++)
		sum += y[i * size + i];
	free(y);
	if (info < 0)
		return -EDOM;
	*ret_trace = sum / scale;
	/*
	 * info 1: some pair of eigenvalues adds up to nothing and dtrsyl has shifted it; the
	 * result means nothing
	 */
	if (info == 0 && isfinite(*ret_trace))
		return 0;
	*ret_trace = INFINITY;
	return LYAPUNOV_UNSTABLE;
}

int lyapunov_trace(int n, double *a, double *ret_trace)
{
	double size = LAPACKE_dlange(LAPACK_COL_MAJOR, 'F', n, n, a, n);
	double growth;
	int r;

	if (!(size >= 0 && isfinite(size)))
		return -EDOM;
	r = schur(n, a, &growth);
	if (r < 0)
		return r;
	if (growth >= -NOISE * size) {
		*ret_trace = INFINITY;
		return LYAPUNOV_UNSTABLE;
	}
	return solve(n, a, ret_trace);
}
