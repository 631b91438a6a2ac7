// SPDX-License-Identifier: GPL-2.0
/*
 * How much CPU time has every domain had, and how long has each physical CPU
 * been idle? Runs in dom0, where `xl list` would say it in tenths of a second.
 * One line of JSON, all times in nanoseconds.
 */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <xenctrl.h>

#define MAX_CPUS 64
#define MAX_DOMAINS 128

static int cpus(xc_interface *xch)
{
	static xc_cpuinfo_t info[MAX_CPUS];
	int i, n = 0;

	if (xc_getcpuinfo(xch, MAX_CPUS, info, &n))
		return -1;
	printf("\"idle\": [");
	for (i = 0; i < n; i++)
		printf("%s%" PRIu64, i ? ", " : "", (uint64_t)info[i].idletime);
	printf("], ");
	return 0;
}

static int domains(xc_interface *xch)
{
	static xc_domaininfo_t info[MAX_DOMAINS];
	int i, n = xc_domain_getinfolist(xch, 0, MAX_DOMAINS, info);

	if (n < 0)
		return -1;
	printf("\"domains\": {");
	for (i = 0; i < n; i++)
		printf("%s\"%u\": %" PRIu64, i ? ", " : "", info[i].domain,
		       (uint64_t)info[i].cpu_time);
	printf("}}\n");
	return 0;
}

int main(void)
{
	xc_interface *xch = xc_interface_open(NULL, NULL, 0);
	struct timespec t;

	if (!xch)
		return 1;
	clock_gettime(CLOCK_MONOTONIC, &t);
	printf("{\"now\": %" PRIu64 ", ", t.tv_sec * UINT64_C(1000000000) + t.tv_nsec);
	return cpus(xch) || domains(xch) ? 1 : 0;
}
