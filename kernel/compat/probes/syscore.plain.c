// SPDX-License-Identifier: GPL-2.0
/* Who is called last before a suspension is called without data. */
#include <linux/syscore_ops.h>

int probe_suspend(void);
void probe_resume(void);
void probe(void);

static struct syscore_ops probe_ops = {
	.suspend = probe_suspend,
	.resume = probe_resume,
};

void probe(void)
{
	register_syscore_ops(&probe_ops);
	unregister_syscore_ops(&probe_ops);
}
