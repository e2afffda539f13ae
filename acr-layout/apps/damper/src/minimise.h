/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DAMPER_MINIMISE_H
#define DAMPER_MINIMISE_H

struct minimise_result {
	double x;	      /* where the function is least */
	double y;	      /* its value there; infinite if it was so wherever it was tried */
	unsigned evaluations; /* how often it was called */
};

/*
 * Find the least value of a function of a positive number between low and high (0 < low <= high),
 * to about 1e-6 of that number. The function is first looked at in a few places spread evenly on
 * a logarithmic scale, then followed down from the best of them. So of several dips the lowest is
 * found unless it is narrower than an eighth of the range; a least value at either end of the
 * range gives that end itself.
 *
 * f gets ctx and x, and returns 0 and *ret_y (infinite is allowed, NaN is not), or a negative
 * errno. Returns 0 and *ret, or what f returned if that was negative.
 *
 * Method: R. P. Brent, Algorithms for Minimization without Derivatives, 1973, chapter 5.
 */
int minimise_log(double low, double high, int (*f)(void *ctx, double x, double *ret_y), void *ctx,
		 struct minimise_result *ret);

#endif
