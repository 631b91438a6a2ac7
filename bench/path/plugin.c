// SPDX-License-Identifier: GPL-2.0
/*
 * Counts what every processor of the emulated machine executes, exactly: a
 * plugin for QEMU's TCG, built without any header of QEMU's.
 *
 * Counted are translated blocks, by address and processor, so that whoever knows
 * the symbols can tell functions, and whoever pinned the domains, domains. A
 * string instruction counts once however often it repeats, as on hardware: some
 * versions of QEMU show each repetition, others none.
 *
 * What only waits is counted apart. A spinner looks at a ring, reads the clock
 * and looks again. So: between two readings of the clock at the same place of a
 * watched module, during which nothing ran but watched code and what the caller
 * names harmless (the clock, locks, the count of preemption), all was waiting. If
 * something was found, somebody else was called, and all of the turn is work.
 *
 * Commands come through a Unix socket, one a line; each is answered by a line,
 * "ok" or "error WHY". See command().
 */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* ---- what QEMU offers, as its documentation of the API says ---- */

#define EXPORT __attribute__((visibility("default")))

struct qemu_info_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;

enum { QEMU_PLUGIN_CB_NO_REGS };

extern void qemu_plugin_register_vcpu_tb_trans_cb(
	uint64_t id, void (*cb)(uint64_t id, struct qemu_plugin_tb *tb));
extern void qemu_plugin_register_vcpu_tb_exec_cb(
	struct qemu_plugin_tb *tb, void (*cb)(unsigned int vcpu, void *data), int flags,
	void *data);
extern size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
extern uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);
extern struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb,
							size_t index);
extern uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
/* Version 2 of the API has it, version 1 has not. */
extern int qemu_plugin_num_vcpus(void) __attribute__((weak));

EXPORT int qemu_plugin_version = 1;
EXPORT int qemu_plugin_install(uint64_t id, const struct qemu_info_t *info, int argc,
			       char **argv);

/* QEMU 7 takes nothing above 1, QEMU 9 and later nothing below 2. */
__attribute__((constructor)) static void choose_version(void)
{
	if (qemu_plugin_num_vcpus)
		qemu_plugin_version = 2;
}

/* ---- counting ---- */

#define VCPUS 8u
#define BUCKETS (1u << 16)
#define TURN_BLOCKS 1024u	/* of a turn; a longer one is work */
#define PLACES 8u		/* where the clock is read, in one turn */
#define RANGES 2048u

enum kind {
	OTHER,			/* who runs it does something */
	HARMLESS,		/* part of looking, and of much else */
	WATCHED,		/* a module whose turns are judged */
	CLOCK,			/* where the clock's function begins */
};

/* Code that was translated, once however often it was. Each processor writes its
 * own column; the counts are read, now and then, while they grow.
 */
struct block {
	struct block *next;
	uint64_t va, last;	/* the first and the last instruction's address */
	uint32_t insns;
	uint8_t kind[VCPUS];
	uint64_t count[VCPUS], waited[VCPUS];
	uint64_t old_count[VCPUS], old_waited[VCPUS];
};

/* A processor's last steps. `seen` is where the clock was read since something was
 * last done, and how many of the blocks in `step` came before.
 */
struct vcpu {
	struct block *last;
	unsigned int steps, places;
	struct {
		uint64_t from;
		unsigned int at;
	} seen[PLACES];
	struct block *step[TURN_BLOCKS];
} __attribute__((aligned(64)));

struct range {
	uint64_t low, high;
	enum kind kind;
};

static struct block *buckets[BUCKETS];
static struct vcpu vcpus[VCPUS];
static struct range ranges[VCPUS][RANGES];
static unsigned int nr_ranges[VCPUS];
/* Guards `buckets` and `ranges`. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static enum kind kind_of(const struct block *b, unsigned int vcpu)
{
	unsigned int i;

	for (i = 0; i < nr_ranges[vcpu]; i++) {
		const struct range *r = &ranges[vcpu][i];

		if (r->kind == CLOCK ? b->va == r->low : b->va >= r->low && b->va < r->high)
			return r->kind;
	}
	return OTHER;
}

static void forget_turn(struct vcpu *c)
{
	c->steps = 0;
	c->places = 0;
}

/* The clock is read. What came since it was last read here was waiting. */
static void end_turn(struct vcpu *c, unsigned int vcpu)
{
	uint64_t from = c->last->va;
	unsigned int i, step;

	for (i = 0; i < c->places; i++) {
		if (c->seen[i].from != from)
			continue;
		for (step = c->seen[i].at; step < c->steps; step++)
			c->step[step]->waited[vcpu]++;
		c->steps = c->seen[i].at;
		c->places = i + 1;
		return;
	}
	if (c->places == PLACES)
		forget_turn(c);
	c->seen[c->places].from = from;
	c->seen[c->places++].at = c->steps;
}

static void follow(struct vcpu *c, struct block *b, unsigned int vcpu)
{
	enum kind kind = b->kind[vcpu];

	if (kind == OTHER) {
		forget_turn(c);
		return;
	}
	if (kind == CLOCK && c->last && c->last->kind[vcpu] == WATCHED)
		end_turn(c, vcpu);
	if (!c->places)
		return;
	if (c->steps == TURN_BLOCKS)
		forget_turn(c);
	else
		c->step[c->steps++] = b;
}

/* QEMU calls this whenever a block begins to run. */
static void executed(unsigned int vcpu, void *data)
{
	struct block *b = data;
	struct vcpu *c;

	if (vcpu >= VCPUS)
		return;
	c = &vcpus[vcpu];
	/* An instruction that follows itself is a string instruction, repeated. */
	if (b->insns == 1 && c->last && c->last->last == b->va)
		return;
	b->count[vcpu]++;
	follow(c, b, vcpu);
	c->last = b;
}

static struct block *find_block(uint64_t va, uint64_t last, uint32_t insns)
{
	struct block **bucket = &buckets[(va ^ va >> 16) % BUCKETS], *b;
	unsigned int vcpu;

	for (b = *bucket; b; b = b->next)
		if (b->va == va && b->last == last && b->insns == insns)
			return b;
	b = calloc(1, sizeof(*b));
	if (!b)
		abort();
	b->va = va;
	b->last = last;
	b->insns = insns;
	for (vcpu = 0; vcpu < VCPUS; vcpu++)
		b->kind[vcpu] = kind_of(b, vcpu);
	b->next = *bucket;
	*bucket = b;
	return b;
}

/* QEMU calls this whenever it translates a block. */
static void translated(uint64_t id, struct qemu_plugin_tb *tb)
{
	size_t n = qemu_plugin_tb_n_insns(tb);
	uint64_t last = qemu_plugin_insn_vaddr(qemu_plugin_tb_get_insn(tb, n - 1));
	struct block *b;

	(void)id;
	pthread_mutex_lock(&lock);
	b = find_block(qemu_plugin_tb_vaddr(tb), last, n);
	pthread_mutex_unlock(&lock);
	qemu_plugin_register_vcpu_tb_exec_cb(tb, executed, QEMU_PLUGIN_CB_NO_REGS, b);
}

/* ---- commands ---- */

typedef void (*visitor)(struct block *b, void *data);

static void each_block(visitor visit, void *data)
{
	struct block *b;
	unsigned int i;

	for (i = 0; i < BUCKETS; i++)
		for (b = buckets[i]; b; b = b->next)
			visit(b, data);
}

static void judge(struct block *b, void *data)
{
	unsigned int vcpu = *(unsigned int *)data;

	b->kind[vcpu] = kind_of(b, vcpu);
}

static void remember(struct block *b, void *data)
{
	(void)data;
	memcpy(b->old_count, b->count, sizeof(b->count));
	memcpy(b->old_waited, b->waited, sizeof(b->waited));
}

/* A line of a dump: VCPU ADDRESS INSTRUCTIONS EXECUTIONS WAITED. */
static void print(struct block *b, void *data)
{
	unsigned int vcpu;

	for (vcpu = 0; vcpu < VCPUS; vcpu++) {
		uint64_t count = b->count[vcpu] - b->old_count[vcpu];

		if (count)
			fprintf(data, "%u %" PRIx64 " %u %" PRIu64 " %" PRIu64 "\n", vcpu, b->va,
				b->insns, count, b->waited[vcpu] - b->old_waited[vcpu]);
	}
}

static const char *dump(const char *path)
{
	FILE *f = fopen(path, "w");

	if (!f)
		return strerror(errno);
	each_block(print, f);
	return fclose(f) ? strerror(errno) : NULL;
}

static int parse_kind(const char *verb, enum kind *kind)
{
	static const char * const names[] = {
		[HARMLESS] = "harmless", [WATCHED] = "watched", [CLOCK] = "clock",
	};

	for (*kind = HARMLESS; *kind <= CLOCK; (*kind)++)
		if (!strcmp(verb, names[*kind]))
			return 0;
	return -EINVAL;
}

static const char *add_range(unsigned int vcpu, const struct range *r)
{
	if (nr_ranges[vcpu] == RANGES)
		return "too many ranges";
	ranges[vcpu][nr_ranges[vcpu]++] = *r;
	return NULL;
}

/*
 * forget VCPU			no code is harmless, watched or the clock any more
 * harmless|watched|clock VCPU LOW HIGH
 * judge VCPU			the ranges are complete
 * start			count from here on
 * dump FILE			what was counted since
 *
 * Return: NULL, or what is wrong.
 */
static const char *command(char *line)
{
	char verb[16], file[256];
	struct range r;
	unsigned int vcpu;

	if (sscanf(line, "%15s", verb) < 1)
		return "no command";
	if (!strcmp(verb, "start")) {
		each_block(remember, NULL);
		return NULL;
	}
	if (!strcmp(verb, "dump") && sscanf(line, "%*s %255s", file) == 1)
		return dump(file);
	if (sscanf(line, "%*s %u", &vcpu) < 1 || vcpu >= VCPUS)
		return "no such command, or no such processor";
	if (!strcmp(verb, "forget")) {
		nr_ranges[vcpu] = 0;
		return NULL;
	}
	if (!strcmp(verb, "judge")) {
		each_block(judge, &vcpu);
		return NULL;
	}
	if (parse_kind(verb, &r.kind) ||
	    sscanf(line, "%*s %*u %" SCNx64 " %" SCNx64, &r.low, &r.high) < 2)
		return "no such command, or no range";
	return add_range(vcpu, &r);
}

static void serve(int fd)
{
	FILE *in = fdopen(fd, "r");
	char line[512];

	while (in && fgets(line, sizeof(line), in)) {
		const char *wrong;

		pthread_mutex_lock(&lock);
		wrong = command(line);
		pthread_mutex_unlock(&lock);
		if (dprintf(fd, wrong ? "error %s\n" : "ok\n", wrong) < 0)
			break;
	}
	if (in)
		fclose(in);
	else
		close(fd);
}

static void *listen_for_commands(void *data)
{
	int fd, listener = *(int *)data;

	while ((fd = accept(listener, NULL, NULL)) >= 0)
		serve(fd);
	return NULL;
}

/* Arguments: control=PATH, the socket. */
int qemu_plugin_install(uint64_t id, const struct qemu_info_t *info, int argc, char **argv)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	static int listener;
	pthread_t thread;

	(void)info;
	if (argc != 1 || strncmp(argv[0], "control=", 8) ||
	    strlen(argv[0] + 8) >= sizeof(address.sun_path)) {
		fputs("path: wants control=SOCKET\n", stderr);
		return -1;
	}
	strcpy(address.sun_path, argv[0] + 8);
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof(address)) ||
	    listen(listener, 1)) {
		perror("path");
		return -1;
	}
	if (pthread_create(&thread, NULL, listen_for_commands, &listener))
		return -1;
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}
