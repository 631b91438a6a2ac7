// SPDX-License-Identifier: GPL-2.0
/* Who is called last before a suspension is called with data of its own. */
#include <linux/syscore_ops.h>

int probe_suspend(void *data);
void probe_resume(void *data);
void probe(struct syscore *core);

const struct syscore_ops probe_ops = {
	.suspend = probe_suspend,
	.resume = probe_resume,
};

void probe(struct syscore *core)
{
	core->ops = &probe_ops;
	register_syscore(core);
	unregister_syscore(core);
}
