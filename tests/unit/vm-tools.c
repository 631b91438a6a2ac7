// SPDX-License-Identifier: GPL-2.0
/*
 * tools/moat-init/vm.c: which domains are one VM, as a table; both ways round.
 */
#include "moat-init/vm.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define VM(id, where) .domid = (id), .path = (where)
#define FOR(id, where) .has_target = true, .target = (id), .target_path = (where)

static const struct {
	const char *what;
	struct moat_vm a, b;
	bool same;
} cases[] = {
	{ "one domain", { VM(3, "/vm/a") }, { VM(3, "/vm/a") }, true },
	{ "one domain, nothing may be read", { VM(3, "") }, { VM(3, "") }, true },
	{ "two VMs", { VM(3, "/vm/a") }, { VM(4, "/vm/b") }, false },
	{ "the halves of a migration", { VM(3, "/vm/a") }, { VM(4, "/vm/a") }, true },
	{ "two of which nothing is known", { VM(3, "") }, { VM(4, "") }, false },
	{ "one of which nothing is known", { VM(3, "/vm/a") }, { VM(4, "") }, false },
	{ "a stub domain and its guest", { VM(4, "/vm/s"), FOR(3, "/vm/a") },
	  { VM(3, "/vm/a") }, true },
	{ "the same, the guest's VM may not be read", { VM(4, "/vm/s"), FOR(3, "") },
	  { VM(3, "") }, true },
	{ "a stub domain and the other half of its guest",
	  { VM(4, "/vm/s"), FOR(3, "/vm/a") }, { VM(5, "/vm/a") }, true },
	{ "the stub domains of both halves", { VM(4, "/vm/s"), FOR(3, "/vm/a") },
	  { VM(6, "/vm/t"), FOR(5, "/vm/a") }, true },
	{ "a stub domain and another guest", { VM(4, "/vm/s"), FOR(3, "/vm/a") },
	  { VM(5, "/vm/b") }, false },
	{ "two stub domains", { VM(4, "/vm/s"), FOR(3, "/vm/a") },
	  { VM(6, "/vm/t"), FOR(5, "/vm/b") }, false },
	{ "two stub domains of nobody known", { VM(4, ""), FOR(3, "") },
	  { VM(6, ""), FOR(5, "") }, false },
	{ "domain 0, which is nobody's target", { VM(0, "/vm/0") }, { VM(5, "/vm/b") },
	  false },
};

static void table(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (moat_vm_same(&cases[i].a, &cases[i].b) != cases[i].same ||
		    moat_vm_same(&cases[i].b, &cases[i].a) != cases[i].same)
			fail_msg("%s", cases[i].what);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
