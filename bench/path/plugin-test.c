// SPDX-License-Identifier: GPL-2.0
/*
 * The counter without QEMU: plays processors that execute blocks, and looks at
 * what was counted. Prints what is wrong; ends with 0 if nothing is.
 */
#include "plugin.c"

/* ---- QEMU's part ---- */

struct qemu_plugin_insn {
	uint64_t va;
};

struct qemu_plugin_tb {
	uint64_t va;
	size_t insns;
	struct qemu_plugin_insn last;
	void *data;		/* what the callback is to be given */
};

void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id,
					   void (*cb)(uint64_t id, struct qemu_plugin_tb *tb))
{
	(void)id;
	(void)cb;
}

void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb,
					  void (*cb)(unsigned int vcpu, void *data), int flags,
					  void *data)
{
	(void)cb;
	(void)flags;
	tb->data = data;
}

size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb)
{
	return tb->insns;
}

uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb)
{
	return tb->va;
}

struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t index)
{
	(void)index;
	return (struct qemu_plugin_insn *)&tb->last;
}

uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn)
{
	return insn->va;
}

/* ---- the tests ---- */

/* Where things are. A block is one of ten instructions, each of four bytes, but REPEAT. */
#define LOOK 0x1000u		/* watched: reads the clock at its end */
#define LOOK_TOO 0x1100u	/* another place that does */
#define MOVE 0x1200u		/* watched, and reads no clock */
#define TIME 0x2000u		/* the clock */
#define UNLOCK 0x3000u		/* harmless */
#define WORK 0x4000u		/* what is called when something was found */
#define COPY 0x5000u		/* work that ends in a string instruction */
#define REPEAT (COPY + 36)	/* that one alone */

static int failed;

static struct block *at(uint64_t va)
{
	struct qemu_plugin_tb tb = { .va = va, .insns = va == REPEAT ? 1 : 10 };

	tb.last.va = va + 4 * (tb.insns - 1);
	translated(0, &tb);
	return tb.data;
}

static void run(unsigned int vcpu, uint64_t va)
{
	executed(vcpu, at(va));
}

static void expect(const char *what, uint64_t va, uint64_t count, uint64_t waited)
{
	const struct block *b = at(va);

	if (b->count[1] - b->old_count[1] == count && b->waited[1] - b->old_waited[1] == waited)
		return;
	printf("plugin-test: %s: block %" PRIx64 " ran %" PRIu64 " times, %" PRIu64
	       " of them in vain\n", what, va, b->count[1] - b->old_count[1],
	       b->waited[1] - b->old_waited[1]);
	failed = 1;
}

static void tell(const char *text, bool good)
{
	char line[64];

	strcpy(line, text);
	if (!command(line) == good)
		return;
	printf("plugin-test: \"%s\" was %s\n", text, good ? "refused" : "taken");
	failed = 1;
}

static void begin(void)
{
	forget_turn(&vcpus[1]);
	vcpus[1].last = NULL;
	tell("start", true);
}

/* A turn of a spinner that finds nothing. */
static void look(void)
{
	run(1, LOOK);
	run(1, TIME);
	run(1, UNLOCK);
}

static void test_waiting(void)
{
	int i;

	begin();
	for (i = 0; i < 10; i++)
		look();
	/* The last turn has not ended yet. */
	expect("looks in vain", LOOK, 10, 9);
	expect("looks in vain", TIME, 10, 9);
	expect("looks in vain", UNLOCK, 10, 9);
}

static void test_work(void)
{
	int i;

	begin();
	for (i = 0; i < 10; i++) {
		look();
		run(1, MOVE);
		if (i == 4)
			run(1, WORK);
	}
	/* The turn in which work was done counts, and so does the one that was not ended. */
	expect("one hit", LOOK, 10, 8);
	expect("one hit", MOVE, 10, 8);
	expect("one hit", WORK, 1, 0);
}

/* A second place that reads the clock within the turn opens no turn of its own. */
static void test_two_places(void)
{
	int i;

	begin();
	for (i = 0; i < 10; i++) {
		look();
		run(1, LOOK_TOO);
		run(1, TIME);
	}
	expect("two places", LOOK, 10, 9);
	expect("two places", LOOK_TOO, 10, 9);
	expect("two places", TIME, 20, 18);
	begin();
	for (i = 0; i < 10; i++) {
		run(1, LOOK);
		run(1, TIME);
		run(1, WORK);
		run(1, LOOK_TOO);
		run(1, TIME);
		run(1, WORK);
	}
	expect("work in between", LOOK, 10, 0);
	expect("work in between", LOOK_TOO, 10, 0);
}

/* What others than the watched modules do with the clock is none of our business. */
static void test_others(void)
{
	int i;

	begin();
	for (i = 0; i < 10; i++) {
		run(1, UNLOCK);
		run(1, TIME);
	}
	expect("not watched", TIME, 10, 0);
}

/* A turn that is too long to be followed is work; so are turns of too many places. */
static void test_limits(void)
{
	unsigned int i;

	begin();
	look();
	for (i = 0; i < TURN_BLOCKS; i++)
		run(1, MOVE);
	look();
	expect("a long turn", MOVE, TURN_BLOCKS, 0);
}

static void test_repeats(void)
{
	int i;

	begin();
	run(1, COPY);
	for (i = 0; i < 511; i++)
		run(1, REPEAT);
	run(1, WORK);
	run(1, REPEAT);		/* resumed behind an interrupt */
	run(1, REPEAT);
	expect("a string instruction", COPY, 1, 0);
	expect("a string instruction", REPEAT, 1, 0);
}

static void test_processors(void)
{
	begin();
	run(0, WORK);
	run(2, WORK);
	run(VCPUS, WORK);
	expect("another processor", WORK, 0, 0);
	run(1, WORK);
	expect("this processor", WORK, 1, 0);
}

static void test_commands(void)
{
	tell("", false);
	tell("nonsense 1", false);
	tell("harmless 99 1 2", false);
	tell("harmless 1 1", false);
	tell("judge", false);
	tell("dump /nowhere/at/all", false);
}

int main(void)
{
	char line[64];

	tell("forget 1", true);
	snprintf(line, sizeof(line), "watched 1 %x %x", LOOK, TIME);
	tell(line, true);
	snprintf(line, sizeof(line), "clock 1 %x %x", TIME, TIME + 1);
	tell(line, true);
	snprintf(line, sizeof(line), "harmless 1 %x %x", TIME, WORK);
	tell(line, true);
	tell("judge 1", true);
	test_waiting();
	test_work();
	test_two_places();
	test_others();
	test_limits();
	test_repeats();
	test_processors();
	test_commands();
	return failed;
}
