/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * minimise - the least value of a function over a range of positive numbers.
 *
 * All work is done on t = log x. A survey of evenly spread points gives three neighbours with the
 * best in the middle (or a pair, at an end of the range); from there on Brent's method: a step to
 * the lowest point of the parabola through the three best points where that makes sense, a golden
 * section step where it does not.
 *
 * Invariant: left <= best.t <= right, the least value lies between left and right, and best.y <=
 * second.y <= third.y. Touches nothing but the caller's memory.
 */
#include "minimise.h"

#include <math.h>
#include <stdbool.h>

#define SURVEY 9       /* points of the survey, both ends among them */
#define TOLERANCE 2e-7 /* of t; the result is good to three times that */
#define STEPS_MAX 100  /* golden section alone needs 40 for a range of 1e12 */
#define GOLDEN 0.38196601125010515

struct point {
	double t;
	double y;
};

struct search {
	int (*f)(void *ctx, double x, double *ret_y);
	void *ctx;
	unsigned evaluations;
	double left, right; /* the least value is in here */
	struct point best, second, third;
	double step, step_before; /* the last two steps, as asked for */
};

static int look(struct search *s, double x, struct point *ret)
{
	ret->t = log(x);
	s->evaluations++;
	return s->f(s->ctx, x, &ret->y);
}

/* Keep the three best points in order. */
static void rank(struct search *s, struct point new)
{
	if (new.y <= s->best.y) {
		s->third = s->second;
		s->second = s->best;
		s->best = new;
	} else if (new.y <= s->second.y || s->second.t == s->best.t) {
		s->third = s->second;
		s->second = new;
	} else if (new.y <= s->third.y || s->third.t == s->best.t || s->third.t == s->second.t) {
		s->third = new;
	}
}

/* Look at the whole range, and choose the best point and the part between its neighbours. */
static int survey(struct search *s, double low, double high)
{
	struct point at[SURVEY];
	double ratio = log(high / low) / (SURVEY - 1);
	int i, least = 0, r;

	for (i = 0; i < SURVEY; i++) {
		/* the ends are taken as given: exp(log(x)) is not always x */
		double x = i == 0 ? low : i == SURVEY - 1 ? high : low * exp(i * ratio);

		r = look(s, x, &at[i]);
		if (r < 0)
			return r;
		if (at[i].y < at[least].y)
			least = i;
	}
	s->left = at[least > 0 ? least - 1 : 0].t;
	s->right = at[least < SURVEY - 1 ? least + 1 : SURVEY - 1].t;
	s->best = s->second = s->third = at[least];
	if (least > 0)
		rank(s, at[least - 1]);
	if (least < SURVEY - 1)
		rank(s, at[least + 1]);
	s->step = s->step_before = s->right - s->left;
	return 0;
}

/*
 * The step to the lowest point of the parabola through the three best points. It is refused
 * unless it stays inside and is less than half the step before the last: else steps might never
 * get small. Values that are infinite make NaN, which fails the comparisons, as it should.
 */
static bool parabola(const struct search *s, double *ret_step)
{
	double to_second = s->best.t - s->second.t, to_third = s->best.t - s->third.t;
	double r = to_second * (s->best.y - s->third.y);
	double q = to_third * (s->best.y - s->second.y);
	double step = -(to_third * q - to_second * r) / (2 * (q - r));

	if (!(fabs(step) < fabs(s->step_before) / 2))
		return false;
	if (!(s->best.t + step > s->left && s->best.t + step < s->right))
		return false;
	*ret_step = step;
	return true;
}

static double choose_step(struct search *s)
{
	double middle = (s->left + s->right) / 2, step;

	if (parabola(s, &step)) {
		s->step_before = s->step;
		/* not so close to an edge that two points become one */
		if (s->best.t + step - s->left < 2 * TOLERANCE ||
		    s->right - s->best.t - step < 2 * TOLERANCE)
			step = copysign(TOLERANCE, middle - s->best.t);
	} else {
		s->step_before = s->best.t < middle ? s->right - s->best.t : s->left - s->best.t;
		step = GOLDEN * s->step_before;
	}
	s->step = fabs(step) < TOLERANCE ? copysign(TOLERANCE, step) : step;
	return s->step;
}

/* One of the two points is the better; the other one is a new edge. */
static void narrow(struct search *s, struct point new)
{
	double edge = new.y <= s->best.y ? s->best.t : new.t;
	double kept = new.y <= s->best.y ? new.t : s->best.t;

	if (edge < kept)
		s->left = edge;
	else
		s->right = edge;
}

int minimise_log(double low, double high, int (*f)(void *ctx, double x, double *ret_y), void *ctx,
		 struct minimise_result *ret)
{
	struct search s = { .f = f, .ctx = ctx };
	unsigned i;
	int r;

	ret->x = low;
	r = survey(&s, low, high);
	if (r < 0)
		return r;
	for (i = 0; i < STEPS_MAX && isfinite(s.best.y); i++) {
		double middle = (s.left + s.right) / 2;
		struct point new;

		if (fabs(s.best.t - middle) <= 2 * TOLERANCE - (s.right - s.left) / 2)
			break;
		r = look(&s, exp(s.best.t + choose_step(&s)), &new);
		if (r < 0)
			return r;
		narrow(&s, new);
		rank(&s, new);
	}
	ret->x = s.best.t == log(low) ? low : s.best.t == log(high) ? high : exp(s.best.t);
	ret->y = s.best.y;
	ret->evaluations = s.evaluations;
	return 0;
}
