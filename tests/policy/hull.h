/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The lower convex hull of points (latency, CPU), both the smaller the better.
 *
 * What lies on it can be had by tossing a coin for each request between two of
 * the points; what lies above can be had cheaper.
 */
#ifndef POLICY_HULL_H
#define POLICY_HULL_H

#include "core/env.h"

struct point {
	double latency;
	double cpu;
};

u32 hull_make(const struct point *points, u32 n, struct point *hull);
double hull_above(const struct point *hull, u32 n, struct point p);

#endif
