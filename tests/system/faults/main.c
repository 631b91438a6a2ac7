// SPDX-License-Identifier: GPL-2.0
/*
 * moat-fault: faults in a storage domain, on demand.
 *
 *   echo KIND >/sys/module/moat_fault/parameters/inject
 *   echo KIND@driver >...		or irq, poller, answer, done, submit, init, event
 *
 * A fault strikes in the context of the code it is meant for: a kprobe at the
 * entry of a function of the I/O path lets a random number of calls pass, then
 * sends one on a detour through here. So a fault that sleeps, spins or dies
 * does that as the driver would, with the driver's locks held, and not in the
 * handler of a probe. The kinds are in strike.c and ring.c; docs/faults.md
 * says what each does.
 */
#include <linux/atomic.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "fault.h"

static const struct {
	const char *name;
	const char *symbol;
	unsigned int bit;
} places[] = {
	{ "driver", "blk_mq_start_request", MOAT_FAULT_DRIVER },
	{ "irq", "nvme_irq", MOAT_FAULT_IRQ },
	{ "poller", "moat_queue_visit", MOAT_FAULT_POLLER },
	{ "answer", "moat_queue_answer", MOAT_FAULT_ANSWER },
	{ "done", "moat_poller_done", MOAT_FAULT_DONE },
	{ "submit", "submit_bio", MOAT_FAULT_SUBMIT },
	{ "init", "ksys_read", MOAT_FAULT_INIT },
	{ "event", "notify_remote_via_irq", MOAT_FAULT_EVENT },
};

/* A second has some calls of moat-init's, and thousands of the others. */
#define INIT_HITS 10U

static unsigned int hits = 200;
module_param(hits, uint, 0644);
MODULE_PARM_DESC(hits, "a fault strikes after up to this many calls");

static char of[32];
module_param_string(of, of, sizeof(of), 0644);
MODULE_PARM_DESC(of, "strike only in rings of back ends whose nodes hold this: /vbd/DOMID/");

static DEFINE_MUTEX(inject_lock);
static const struct moat_fault *fault;
static const char *place;
static bool in_ring;
/* The call that brings it to zero is struck; at zero all calls pass. */
static atomic_t countdown = ATOMIC_INIT(0);
static bool for_ever, told;
static unsigned long (*target)(unsigned long, unsigned long, unsigned long);

/* Takes the place of one call. The probe lets its own call of the function pass. */
static unsigned long detour(unsigned long first, unsigned long second, unsigned long third)
{
	enum moat_fault_end end = MOAT_FAULT_AGAIN;
	unsigned long ret = 0;

	if (in_ring && *of && !moat_fault_is_of(first, of)) {
		end = MOAT_FAULT_MISS;
	} else if (!READ_ONCE(for_ever)) {
		if (!told)
			pr_emerg("moat-fault: %s strikes in %s, at %s\n", fault->name,
				 in_task() ? current->comm : "an interrupt", place);
		told = true;
		end = fault->strike(first, second);
	}
	if (end == MOAT_FAULT_AGAIN)
		WRITE_ONCE(for_ever, true);
	if (end == MOAT_FAULT_GO_ON || end == MOAT_FAULT_MISS)
		ret = target(first, second, third);
	if (end == MOAT_FAULT_MISS)
		atomic_set(&countdown, 1);
	return ret;
}

static int probe_hit(struct kprobe *probe, struct pt_regs *regs)
{
	if (!READ_ONCE(for_ever) && atomic_dec_if_positive(&countdown) != 0)
		return 0;
	regs->ip = (unsigned long)detour;
	return 1;
}

/* It keeps the probe from being optimised into one that cannot detour. */
static void probe_after(struct kprobe *probe, struct pt_regs *regs, unsigned long flags)
{
}

static struct kprobe probe;
static bool probing;

static void probe_remove(void)
{
	atomic_set(&countdown, 0);
	WRITE_ONCE(for_ever, false);
	told = false;
	if (probing)
		unregister_kprobe(&probe);
	probing = false;
}

static int probe_place(const char *symbol)
{
	int err;

	memset(&probe, 0, sizeof(probe));
	probe.pre_handler = probe_hit;
	probe.post_handler = probe_after;
	probe.symbol_name = symbol;
	err = register_kprobe(&probe);
	if (err)
		return err;
	probing = true;
	target = (void *)probe.addr;
	return 0;
}

static const struct moat_fault *find_fault(const char *name)
{
	const struct moat_fault *f;

	for (f = moat_fault_strikes; f->name; f++)
		if (!strcmp(f->name, name))
			return f;
	for (f = moat_fault_rings; f->name; f++)
		if (!strcmp(f->name, name))
			return f;
	return NULL;
}

/* One of the places where a fault may strike; @name NULL: any. */
static int find_place(unsigned int where, const char *name)
{
	unsigned int i, n = get_random_u32() % ARRAY_SIZE(places);

	for (i = 0; i < ARRAY_SIZE(places); i++, n = (n + 1) % ARRAY_SIZE(places))
		if ((places[n].bit & where) && (!name || !strcmp(name, places[n].name)))
			return n;
	return -EINVAL;
}

static int inject(char *text)
{
	char *kind = strsep(&text, "@");
	const struct moat_fault *found = find_fault(kind);
	unsigned int most;
	int where, err;

	if (!found)
		return -EINVAL;
	where = find_place(found->where, text);
	if (where < 0)
		return where;
	probe_remove();
	fault = found;
	place = places[where].name;
	in_ring = places[where].bit & MOAT_FAULT_RINGS;
	err = probe_place(places[where].symbol);
	if (err)
		return err;
	most = max(READ_ONCE(hits), 1U);
	if (places[where].bit == MOAT_FAULT_INIT)
		most = min(most, INIT_HITS);
	pr_notice("moat-fault: %s is armed, at %s\n", kind, place);
	atomic_set(&countdown, 1 + get_random_u32() % most);
	return 0;
}

static int inject_set(const char *value, const struct kernel_param *param)
{
	char *text = kstrdup(value, GFP_KERNEL);
	int err;

	if (!text)
		return -ENOMEM;
	mutex_lock(&inject_lock);
	err = inject(strim(text));
	mutex_unlock(&inject_lock);
	kfree(text);
	return err;
}

static const struct kernel_param_ops inject_ops = { .set = inject_set };
module_param_cb(inject, &inject_ops, NULL, 0200);
MODULE_PARM_DESC(inject, "KIND or KIND@PLACE");

/* What it breaks stays broken, so there is no way out. */
static int __init fault_init(void)
{
	return 0;
}
module_init(fault_init);

MODULE_DESCRIPTION("Moat: faults in a storage domain, for tests");
MODULE_LICENSE("GPL");
