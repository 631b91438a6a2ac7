// SPDX-License-Identifier: GPL-2.0
/*
 * Faults that any driver may have.
 *
 * What the compiler could see through, and would then leave out or warn of, is
 * hidden from it.
 */
#include <linux/blk-mq.h>
#include <linux/gfp.h>
#include <linux/interrupt.h>
#include <linux/irqflags.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <asm/pgtable.h>

#include "fault.h"

/* Contexts in which a driver's ordinary bugs strike. */
#define ANYWHERE (MOAT_FAULT_DRIVER | MOAT_FAULT_IRQ | MOAT_FAULT_POLLER)

#define DOZE_JIFFIES (HZ / 100 ? HZ / 100 : 1)

/* Nobody ever sets it to false. */
static bool ever = true;

static enum moat_fault_end null_strike(unsigned long first, unsigned long second)
{
	int *p = NULL;

	OPTIMIZER_HIDE_VAR(p);
	WRITE_ONCE(*p, 1);
	return MOAT_FAULT_GO_ON;
}

/* Through the direct map: where the kernel's own mapping is read-only. */
static enum moat_fault_end text_strike(unsigned long first, unsigned long second)
{
	u8 *text = lm_alias((unsigned long)blk_mq_start_request & PAGE_MASK);
	unsigned int i;

	for (i = 0; i < PAGE_SIZE; i++)
		WRITE_ONCE(text[i], 0x0b);
	return MOAT_FAULT_GO_ON;
}

/* Words all over memory, wherever it may be written. */
static enum moat_fault_end data_strike(unsigned long first, unsigned long second)
{
	unsigned long pages = totalram_pages();
	unsigned int i;

	for (i = 0; i < 4096; i++) {
		unsigned long pfn = get_random_u32() % pages;
		u64 *word;

		if (!pfn_valid(pfn))
			continue;
		word = pfn_to_kaddr(pfn);
		WRITE_ONCE(word[get_random_u32() % (PAGE_SIZE / 8)], get_random_u64());
	}
	return MOAT_FAULT_GO_ON;
}

static enum moat_fault_end page_table_strike(unsigned long first, unsigned long second)
{
	unsigned int level;
	pte_t *pte = lookup_address(first, &level);

	/* Not everything that is called with a number is called with an address. */
	if (!pte)
		pte = lookup_address((unsigned long)current, &level);
	if (pte)
		WRITE_ONCE(pte->pte, get_random_u64() | _PAGE_PRESENT | _PAGE_RW);
	return MOAT_FAULT_GO_ON;
}

/* Objects of the sizes that the block layer uses, too. */
static enum moat_fault_end use_after_free_strike(unsigned long first, unsigned long second)
{
	unsigned int size, i;

	for (size = 32; size <= 4096; size *= 2)
		for (i = 0; i < 8; i++) {
			u8 *p = kmalloc(size, GFP_ATOMIC);
			u8 *stale = p;

			if (!p)
				continue;
			kfree(p);
			OPTIMIZER_HIDE_VAR(stale);
			memset(stale, 0x5a, size);
		}
	return MOAT_FAULT_GO_ON;
}

static enum moat_fault_end double_free_strike(unsigned long first, unsigned long second)
{
	void *p = kmalloc(256, GFP_ATOMIC);
	void *again = p;

	OPTIMIZER_HIDE_VAR(again);
	kfree(p);
	kfree(again);
	return MOAT_FAULT_GO_ON;
}

static noinline u64 overflow(u64 depth)
{
	volatile u64 room[64];

	room[depth % 64] = depth;
	if (!READ_ONCE(ever))
		return 0;
	/* Not the last thing it does, so that it is no loop. */
	return overflow(depth + 1) + room[(depth + 1) % 64];
}

static enum moat_fault_end stack_strike(unsigned long first, unsigned long second)
{
	return overflow(0) ? MOAT_FAULT_GO_ON : MOAT_FAULT_SWALLOW;
}

static enum moat_fault_end divide_strike(unsigned long first, unsigned long second)
{
	unsigned int zero = 0, result;

	OPTIMIZER_HIDE_VAR(zero);
	result = (unsigned int)first / zero;
	/* Asked whether it is zero, the compiler compares and does not divide. */
	OPTIMIZER_HIDE_VAR(result);
	return result ? MOAT_FAULT_GO_ON : MOAT_FAULT_SWALLOW;
}

static enum moat_fault_end bug_strike(unsigned long first, unsigned long second)
{
	BUG();
}

static enum moat_fault_end panic_strike(unsigned long first, unsigned long second)
{
	panic("moat-fault: as asked");
}

static enum moat_fault_end loop_strike(unsigned long first, unsigned long second)
{
	while (READ_ONCE(ever))
		cpu_relax();
	return MOAT_FAULT_GO_ON;
}

static enum moat_fault_end loop_irq_off_strike(unsigned long first, unsigned long second)
{
	local_irq_disable();
	while (READ_ONCE(ever))
		cpu_relax();
	return MOAT_FAULT_GO_ON;
}

/* The lock of the hardware queue that the request goes to. */
static enum moat_fault_end deadlock_strike(unsigned long first, unsigned long second)
{
	struct request *rq = (struct request *)first;

	spin_lock(&rq->mq_hctx->lock);
	spin_lock(&rq->mq_hctx->lock);
	return MOAT_FAULT_GO_ON;
}

static enum moat_fault_end sleep_strike(unsigned long first, unsigned long second)
{
	while (READ_ONCE(ever)) {
		set_current_state(TASK_IDLE);
		schedule();
	}
	return MOAT_FAULT_GO_ON;
}

/* Each visit takes its time, for good. */
static enum moat_fault_end doze_strike(unsigned long first, unsigned long second)
{
	/* check-ok: sleep: it stands for the work of the other rings of a turn */
	schedule_timeout_idle(DOZE_JIFFIES);
	return MOAT_FAULT_MISS;
}

static enum moat_fault_end lost_irq_strike(unsigned long first, unsigned long second)
{
	disable_irq_nosync(first);
	return MOAT_FAULT_GO_ON;
}

static enum moat_fault_end memory_strike(unsigned long first, unsigned long second)
{
	while (alloc_page(GFP_KERNEL | __GFP_NOWARN))
		cond_resched();
	return MOAT_FAULT_GO_ON;
}

/* The kernel itself cannot send process 1 a SIGKILL: it has to err on its own. */
static enum moat_fault_end init_kill_strike(unsigned long first, unsigned long second)
{
	if (!is_global_init(current))
		return MOAT_FAULT_MISS;
	force_sig(SIGSEGV);
	return MOAT_FAULT_GO_ON;
}

static enum moat_fault_end init_stop_strike(unsigned long first, unsigned long second)
{
	/* its other thread may wait for whatever it likes */
	if (!is_global_init(current) || strcmp(current->comm, "heartbeat"))
		return MOAT_FAULT_MISS;
	return sleep_strike(first, second);
}

static enum moat_fault_end swallow_strike(unsigned long first, unsigned long second)
{
	return MOAT_FAULT_AGAIN;
}

static bool writes_data(const struct bio *bio)
{
	return bio_op(bio) == REQ_OP_WRITE && bio_has_data((struct bio *)bio);
}

/* The driver says "done" and has done nothing. */
static enum moat_fault_end lie_strike(unsigned long first, unsigned long second)
{
	struct bio *bio = (struct bio *)first;

	if (!writes_data(bio))
		return MOAT_FAULT_MISS;
	bio->bi_status = BLK_STS_OK;
	bio_endio(bio);
	return MOAT_FAULT_SWALLOW;
}

/* The driver writes to a place that nobody asked for. */
static enum moat_fault_end misplace_strike(unsigned long first, unsigned long second)
{
	struct bio *bio = (struct bio *)first;

	if (!writes_data(bio))
		return MOAT_FAULT_MISS;
	bio->bi_iter.bi_sector ^= 64;
	return MOAT_FAULT_GO_ON;
}

const struct moat_fault moat_fault_strikes[] = {
	{ "null", ANYWHERE, null_strike },
	{ "text", ANYWHERE, text_strike },
	{ "data", ANYWHERE, data_strike },
	{ "page-table", ANYWHERE, page_table_strike },
	{ "use-after-free", ANYWHERE, use_after_free_strike },
	{ "double-free", ANYWHERE, double_free_strike },
	{ "stack", ANYWHERE, stack_strike },
	{ "divide", ANYWHERE, divide_strike },
	{ "bug", ANYWHERE, bug_strike },
	{ "panic", ANYWHERE, panic_strike },
	{ "loop", ANYWHERE, loop_strike },
	{ "loop-irq-off", ANYWHERE, loop_irq_off_strike },
	{ "deadlock", MOAT_FAULT_DRIVER, deadlock_strike },
	{ "sleep", MOAT_FAULT_POLLER, sleep_strike },
	{ "doze", MOAT_FAULT_POLLER, doze_strike },
	{ "lost-irq", MOAT_FAULT_IRQ, lost_irq_strike },
	{ "swallow", MOAT_FAULT_DONE, swallow_strike },
	{ "memory", MOAT_FAULT_POLLER, memory_strike },
	{ "init-kill", MOAT_FAULT_INIT, init_kill_strike },
	{ "init-stop", MOAT_FAULT_INIT, init_stop_strike },
	{ "lie", MOAT_FAULT_SUBMIT, lie_strike },
	{ "misplace", MOAT_FAULT_SUBMIT, misplace_strike },
	{ }
};
