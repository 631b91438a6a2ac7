// SPDX-License-Identifier: GPL-2.0
/*
 * Are percentiles of known times what they should be?
 */
#include "hist.h"

#include <math.h>
#include <stdio.h>

static int failed;

static void near(const char *what, double is, double should)
{
	if (fabs(is - should) <= should * 0.032 + 0.5)
		return;
	printf("hist-test: %s is %.0f, should be %.0f\n", what, is, should);
	failed = 1;
}

int main(void)
{
	static struct hist h, more;
	unsigned int i;
	uint64_t ns;

	near("a percentile of nothing", hist_percentile(&h, 0.5), 0);
	for (i = 1; i < HIST_BUCKETS; i++)
		if (hist_lowest(i) <= hist_lowest(i - 1) && hist_lowest(i))
			near("a bucket's lowest value", i, 0);
	for (ns = 1; ns <= 100000; ns++)
		hist_add(&h, ns);
	near("the median", hist_percentile(&h, 0.5), 50000);
	near("p99", hist_percentile(&h, 0.99), 99000);
	near("p0.01", hist_percentile(&h, 0.0001), 10);
	near("the mean", (double)h.sum_ns / h.count, 50000.5);
	for (i = 0; i < 900000; i++)
		hist_add(&more, 5000000000ull);
	hist_merge(&h, &more);
	near("the median of both", hist_percentile(&h, 0.5), 5e9);
	near("p5 of both", hist_percentile(&h, 0.05), 50000);
	near("the longest of both", h.max_ns, 5e9);
	near("the number of both", h.count, 1000000);
	return failed;
}
