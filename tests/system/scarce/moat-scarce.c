// SPDX-License-Identifier: GPL-2.0
/*
 * Lets allocations of one module come to nothing, each once.
 *
 * An allocation is known by where it is made: the calls from the allocator up to the
 * outermost function of the module. While armed, one that was not denied before is denied;
 * armed once, or for a burst of them. So who arms it, does something, and goes
 * on until nothing more was denied has seen the failure of each allocation in it.
 *
 * Both allocators ask a function of their own, made for error injection, whether to fail: a
 * kprobe there answers. The kernel's own fault injection cannot tell by stack on x86.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/gfp.h>
#include <linux/jhash.h>
#include <linux/kallsyms.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/stacktrace.h>

#define DEPTH 48
#define PLACES 4096

static unsigned long begin;
module_param(begin, ulong, 0600);
MODULE_PARM_DESC(begin, "where the module lies whose allocations are meant (/proc/modules)");

static unsigned long size;
module_param(size, ulong, 0600);
MODULE_PARM_DESC(size, "how long it is, in bytes");

static unsigned int armed;
module_param(armed, uint, 0600);
MODULE_PARM_DESC(armed, "deny so many of the next allocations that were not denied before");

static unsigned int skip;
module_param(skip, uint, 0600);
MODULE_PARM_DESC(skip, "so many places are let off, as if they had been denied before");

static unsigned int seen;
module_param(seen, uint, 0600);
MODULE_PARM_DESC(seen, "allocations of the module so far");

static unsigned int denied;
module_param(denied, uint, 0400);
MODULE_PARM_DESC(denied, "how many places were denied or let off so far");

/* Guards all below, and the denial itself. Taken from wherever memory is allocated. */
static DEFINE_RAW_SPINLOCK(lock);
static u32 places[PLACES];

/* Returns whether a place is new, and remembers it. */
static bool is_new(u32 place)
{
	unsigned int i;

	lockdep_assert_held(&lock);
	for (i = 0; i < denied; i++)
		if (places[i] == place)
			return false;
	if (denied == PLACES)
		return false;
	places[denied++] = place;
	return true;
}

/* How many entries of a stack reach to the module's outermost function; 0: it has none. */
static unsigned int within(const unsigned long *entries, unsigned int n)
{
	while (n && entries[n - 1] - begin >= size)
		n--;
	return n;
}

/*
 * Tells which allocation it was. Not through dump_stack(), whose words stand for a defect in
 * a kernel's log.
 */
static void tell(const unsigned long *entries, unsigned int n)
{
	unsigned int i;

	pr_info("place %u, %s:\n", denied, current->comm);
	for (i = 0; i < n; i++)
		pr_info(" %pS\n", (void *)entries[i]);
}

/* Whose allocations are let off: kmemleak's and debugobjects', which are out of service for
 * good once they had nothing; and those for files of an interrupt in /proc, of which the kernel
 * warns when it removes what it could not make.
 */
static const char *const let_off[] = {
	"__create_object", "fill_pool", "register_irq_proc", "register_handler_proc", NULL
};

static bool is_let_off(const unsigned long *entries, unsigned int n)
{
	char name[KSYM_SYMBOL_LEN];
	unsigned int i;

	for (i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "%ps", (void *)entries[i]);
		if (match_string(let_off, -1, name) >= 0)
			return true;
	}
	return false;
}

static bool deny(gfp_t gfp)
{
	unsigned long entries[DEPTH];
	unsigned long flags;
	unsigned int n;
	bool hit;

	if (!READ_ONCE(armed) || gfp & __GFP_NOFAIL)
		return false;
	n = within(entries, stack_trace_save(entries, DEPTH, 0));
	if (!n || is_let_off(entries, n))
		return false;
	raw_spin_lock_irqsave(&lock, flags);
	seen++;
	hit = armed && is_new(jhash(entries, n * sizeof(entries[0]), 0));
	if (hit && skip) {
		skip--;
		hit = false;
	}
	if (hit)
		WRITE_ONCE(armed, armed - 1);
	raw_spin_unlock_irqrestore(&lock, flags);
	if (hit)
		tell(entries, n);
	return hit;
}
NOKPROBE_SYMBOL(deny);

/* Has the probed function return at once, as error injection does. */
static int return_now(struct pt_regs *regs, unsigned long value)
{
	regs->ip = *(unsigned long *)regs->sp;
	regs->sp += sizeof(unsigned long);
	regs->ax = value;
	return 1;
}
NOKPROBE_SYMBOL(return_now);

/* int should_failslab(struct kmem_cache *s, gfp_t gfpflags) */
static int at_slab(struct kprobe *probe, struct pt_regs *regs)
{
	return deny(regs->si) ? return_now(regs, -ENOMEM) : 0;
}
NOKPROBE_SYMBOL(at_slab);

/* bool should_fail_alloc_page(gfp_t gfp_mask, unsigned int order) */
static int at_page(struct kprobe *probe, struct pt_regs *regs)
{
	return deny(regs->di) ? return_now(regs, true) : 0;
}
NOKPROBE_SYMBOL(at_page);

/* A probe that has one is not turned into a jump, through which no stack can be followed. */
static void afterwards(struct kprobe *probe, struct pt_regs *regs, unsigned long flags)
{
}
NOKPROBE_SYMBOL(afterwards);

static struct kprobe slab_probe = {
	.symbol_name = "should_failslab",
	.pre_handler = at_slab,
	.post_handler = afterwards,
};

static struct kprobe page_probe = {
	.symbol_name = "should_fail_alloc_page",
	.pre_handler = at_page,
	.post_handler = afterwards,
};

static struct kprobe *probes[] = { &slab_probe, &page_probe };

static int __init scarce_init(void)
{
	return register_kprobes(probes, ARRAY_SIZE(probes));
}
module_init(scarce_init);

static void __exit scarce_exit(void)
{
	unregister_kprobes(probes, ARRAY_SIZE(probes));
}
module_exit(scarce_exit);

MODULE_DESCRIPTION("Denies allocations, for tests");
MODULE_LICENSE("GPL");
