/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DAMPER_LYAPUNOV_H
#define DAMPER_LYAPUNOV_H

/*
 * The motion x' = Ax does not die out, as far as numbers of 16 digits can tell: there is no
 * finite trace.
 */
#define LYAPUNOV_UNSTABLE 1

/*
 * The trace of X, where A'X + XA = -I. It is the energy, added up over all time, of the motion x'
 * = Ax, averaged over all starting points of length 1 (times n).
 *
 * a: n x n numbers, column by column; overwritten. Returns 0 and *ret_trace; LYAPUNOV_UNSTABLE
 * and *ret_trace = infinity; -ENOMEM; -ERANGE if the eigenvalues could not be found; -EDOM if a
 * holds a number that is not finite.
 *
 * Method: R. H. Bartels, G. W. Stewart, Solution of the matrix equation AX + XB = C, CACM 15
 * (1972) 820.
 */
int lyapunov_trace(int n, double *a, double *ret_trace);

#endif
