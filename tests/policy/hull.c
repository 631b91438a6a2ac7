// SPDX-License-Identifier: GPL-2.0
/*
 * The lower convex hull; see hull.h.
 */
#include "hull.h"

#include <stdlib.h>

static int by_latency(const void *a, const void *b)
{
	const struct point *p = a, *q = b;

	if (p->latency != q->latency)
		return p->latency < q->latency ? -1 : 1;
	return p->cpu < q->cpu ? -1 : p->cpu > q->cpu;
}

/* Twice the area of the triangle; above 0: q lies below the line from p to r. */
static double below(struct point p, struct point q, struct point r)
{
	return (q.latency - p.latency) * (r.cpu - p.cpu) -
	       (r.latency - p.latency) * (q.cpu - p.cpu);
}

/**
 * hull_make() - the corners, by rising latency and falling CPU
 * @points: the points
 * @n: how many, at least one
 * @hull: room for @n
 *
 * Return: how many corners.
 */
u32 hull_make(const struct point *points, u32 n, struct point *hull)
{
	struct point sorted[n];
	u32 i, k = 0;

	memcpy(sorted, points, sizeof(sorted));
	qsort(sorted, n, sizeof(*sorted), by_latency);
	for (i = 0; i < n; i++) {
		/* One that is slower and no cheaper is of no use to anybody. */
		if (k && sorted[i].cpu >= hull[k - 1].cpu)
			continue;
		while (k > 1 && below(hull[k - 2], hull[k - 1], sorted[i]) <= 0)
			k--;
		hull[k++] = sorted[i];
	}
	return k;
}

/**
 * hull_above() - how far a point lies above the hull
 * @hull: from hull_make()
 * @n: its corners
 * @p: the point, both coordinates above 0
 *
 * By how much both its coordinates would have to shrink, by the same factor,
 * for it to lie on the hull; so neither unit matters. The hull is the border
 * of what lies above every one of its lines, and the first and the last corner
 * have a vertical and a horizontal one.
 *
 * Return: 0.1: 10 % above; 0 or less: on it or below.
 */
double hull_above(const struct point *hull, u32 n, struct point p)
{
	double a, b, scale = hull[0].latency / p.latency;
	u32 i;

	if (hull[n - 1].cpu / p.cpu > scale)
		scale = hull[n - 1].cpu / p.cpu;
	for (i = 1; i < n; i++) {
		a = hull[i - 1].cpu - hull[i].cpu;
		b = hull[i].latency - hull[i - 1].latency;
		a = (a * hull[i].latency + b * hull[i].cpu) / (a * p.latency + b * p.cpu);
		if (a > scale)
			scale = a;
	}
	return 1 / scale - 1;
}
