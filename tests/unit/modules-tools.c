// SPDX-License-Identifier: GPL-2.0
/*
 * tools/moat-init/modules.c with a kernel that is a function: in which order are modules
 * loaded, and what waits for what?
 */
#include "moat-init/modules.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define MODULES 8
#define LIMIT_MS 20000

/* What the kernel has loaded, in this order; of all processes. */
static struct kernel {
	int count;
	char names[MODULES][32];
	int connected;	/* so many must be there for xen-pcifront to have its devices */
	char broken[32];
} *kernel;

static char dir[] = "/tmp/modules-tools.XXXXXX";

static bool wait_for_others(void)
{
	const struct timespec step = { .tv_nsec = 1000000 };

	for (int ms = 0; __atomic_load_n(&kernel->count, __ATOMIC_SEQ_CST) < kernel->connected;
	     ms++) {
		if (ms == LIMIT_MS)
			return false;
		/* check-ok: sleep: a poll step, bounded by the limit above */
		nanosleep(&step, NULL);
	}
	return true;
}

/* The library's, for finit_module(): modules.c calls nothing else by number. */
long syscall(long number, ...)
{
	char path[64], file[256];
	va_list args;
	ssize_t len;
	int fd, at;

	va_start(args, number);
	fd = va_arg(args, int);
	va_end(args);
	assert_int_equal(number, SYS_finit_module);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	len = readlink(path, file, sizeof(file) - 1);
	assert_true(len > 0);
	file[len] = '\0';
	if (strstr(file, "pcifront") && !wait_for_others()) {
		errno = ETIMEDOUT;
		return -1;
	}
	if (*kernel->broken && strstr(file, kernel->broken)) {
		errno = EINVAL;
		return -1;
	}
	at = __atomic_fetch_add(&kernel->count, 1, __ATOMIC_SEQ_CST);
	snprintf(kernel->names[at], sizeof(kernel->names[at]), "%s", strrchr(file, '/') + 1);
	return 0;
}

static int setup(void **state)
{
	static const char *const names[] = { "xen-pcifront", "moat-alpha", "moat-needed",
					     "moat-omega" };
	char path[64];

	(void)state;
	kernel = mmap(NULL, sizeof(*kernel), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (kernel == MAP_FAILED || !mkdtemp(dir))
		return -1;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		FILE *file;

		snprintf(path, sizeof(path), "%s/%s.ko", dir, names[i]);
		file = fopen(path, "w");
		if (!file)
			return -1;
		fclose(file);
	}
	return 0;
}

static int teardown(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

static int load(const char *listed, int connected, const char *broken)
{
	struct moat_modules mods = {
		.dep = (char *)"xen-pcifront.ko:\nmoat-alpha.ko: moat-needed.ko\n"
			       "moat-needed.ko:\nmoat-omega.ko:\n",
		.alias = (char *)"", .config = (char *)listed, .cmdline = (char *)"",
	};

	snprintf(mods.dir, sizeof(mods.dir), "%s", dir);
	*kernel = (struct kernel){ .connected = connected };
	snprintf(kernel->broken, sizeof(kernel->broken), "%s", broken);
	return moat_modules_load_listed(&mods);
}

/* These, in that order, and no others. */
#define ASSERT_LOADED(...) do { \
	static const char * const wanted[] = { __VA_ARGS__ }; \
	size_t n = sizeof(wanted) / sizeof(*wanted); \
	assert_int_equal(kernel->count, n); \
	for (size_t at = 0; at < n; at++) \
		assert_string_equal(kernel->names[at], wanted[at]); \
} while (0)

static void in_order(void **state)
{
	(void)state;
	assert_int_equal(load("moat-omega\nmoat-alpha\n", 0, ""), 0);
	ASSERT_LOADED("moat-omega.ko", "moat-needed.ko", "moat-alpha.ko");
}

/* It has its devices when all others are loaded, and it is there when we are through. */
static void beside(void **state)
{
	(void)state;
	assert_int_equal(load("xen-pcifront\nmoat-alpha\nmoat-omega\n", 3, ""), 0);
	ASSERT_LOADED("moat-needed.ko", "moat-alpha.ko", "moat-omega.ko", "xen-pcifront.ko");
}

static void failures(void **state)
{
	(void)state;
	assert_int_equal(load("xen_pcifront\nmoat-alpha\n", 0, "pcifront"), 1);
	assert_int_equal(kernel->count, 2);
	assert_int_equal(load("xen-pcifront\nmoat-alpha\nmoat-omega\n", 1, "needed"), 1);
	assert_int_equal(kernel->count, 2);
	assert_int_equal(load("xen-pcifront\nnone\nmoat-omega\n", 0, "pcifront"), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_order),
		cmocka_unit_test(beside),
		cmocka_unit_test(failures),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
