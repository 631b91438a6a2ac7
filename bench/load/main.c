// SPDX-License-Identifier: GPL-2.0
/*
 * A lean load: does nothing but issue requests and take their times, so that
 * what is measured is the path to the disk and not the program that measures.
 * Prints one line of JSON. Static, so that it runs in any image.
 */
#include "load.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_JOBS 64u
#define MAX_DEPTH 4096u
#define MAX_BLOCK (16u << 20)
#define COARSE 8u

static const char usage[] =
	"usage: load [OPTION]... FILE\n"
	"  -e ENGINE  sync, aio or io_uring (sync)\n"
	"  -d DEPTH   requests in flight (1)\n"
	"  -j JOBS    threads, each with DEPTH requests (1)\n"
	"  -b BYTES   of a request (4096)\n"
	"  -s BYTES   of FILE that are used (all)\n"
	"  -t MS      how long requests are counted (1000)\n"
	"  -n COUNT   count so many requests per job, instead\n"
	"  -W COUNT   requests that come first and are not counted (0)\n"
	"  -r SEED    of the random numbers (1)\n"
	"  -w         write; FILE is overwritten\n"
	"  -q         one block after the other, not at random\n"
	"  -f         fdatasync behind each write (sync)\n"
	"  -p         polled I/O (io_uring)\n"
	"  -B         through the page cache, not O_DIRECT\n";

struct plan {
	struct load job;
	unsigned int jobs;
	uint64_t size, seed;
	bool buffered;
	int (*engine)(struct load *l);
	const char *name;
};

static const struct {
	const char *name;
	int (*run)(struct load *l);
} engines[] = {
	{ "sync", load_sync },
	{ "aio", load_aio },
	{ "io_uring", load_uring },
};

struct worker {
	struct load *load;
	int (*engine)(struct load *l);
	pthread_t thread;
	int err;
};

static int complain(const char *text, const char *what)
{
	fprintf(stderr, "load: %s: %s\n", text, what);
	return -1;
}

static int number(const char *text, uint64_t max, uint64_t *to)
{
	char *end;

	errno = 0;
	*to = strtoull(text, &end, 10);
	if (errno || end == text || *end || *text == '-' || *to > max)
		return complain("not a number that is allowed", text);
	return 0;
}

static int number32(const char *text, uint32_t max, uint32_t *to)
{
	uint64_t value;

	if (number(text, max, &value) || !value)
		return complain("not a number that is allowed", text);
	*to = value;
	return 0;
}

static int find_engine(struct plan *p, const char *name)
{
	unsigned int i;

	for (i = 0; i < sizeof(engines) / sizeof(*engines); i++)
		if (!strcmp(engines[i].name, name)) {
			p->engine = engines[i].run;
			p->name = engines[i].name;
			return 0;
		}
	return complain("no such engine", name);
}

static int take(struct plan *p, int option)
{
	struct load *l = &p->job;

	switch (option) {
	case 'e': return find_engine(p, optarg);
	case 'd': return number32(optarg, MAX_DEPTH, &l->depth);
	case 'j': return number32(optarg, MAX_JOBS, &p->jobs);
	case 'b': return number32(optarg, MAX_BLOCK, &l->block);
	case 's': return number(optarg, UINT64_MAX, &p->size);
	case 't': return number(optarg, 1u << 30, &l->duration_ns);
	case 'n': return number(optarg, UINT64_MAX, &l->count);
	case 'W': return number(optarg, UINT64_MAX, &l->warm);
	case 'r': return number(optarg, UINT64_MAX, &p->seed);
	case 'w': l->write = true; return 0;
	case 'q': l->random = false; return 0;
	case 'f': l->sync_each = true; return 0;
	case 'p': l->iopoll = true; return 0;
	case 'B': p->buffered = true; return 0;
	}
	return -1;
}

static int parse(struct plan *p, int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "e:d:j:b:s:t:n:W:r:wqfpB")) != -1)
		if (take(p, option))
			return -1;
	if (optind != argc - 1)
		return -1;
	if (p->engine == load_sync && p->job.depth != 1)
		return complain("engine sync", "depth is 1");
	if (p->job.sync_each && (p->engine != load_sync || !p->job.write))
		return complain("-f", "for engine sync and writes");
	if (p->job.iopoll && p->engine != load_uring)
		return complain("-p", "for engine io_uring");
	p->job.duration_ns *= 1000000;
	return 0;
}

/* Open the file and find how many blocks of it are used. */
static int open_file(struct plan *p, const char *path)
{
	int flags = (p->job.write ? O_RDWR : O_RDONLY) | (p->buffered ? 0 : O_DIRECT);
	struct stat st;
	uint64_t size;

	p->job.fd = open(path, flags | O_CLOEXEC);
	if (p->job.fd < 0 || fstat(p->job.fd, &st))
		return complain(path, strerror(errno));
	size = st.st_size;
	if (S_ISBLK(st.st_mode) && ioctl(p->job.fd, BLKGETSIZE64, &size))
		return complain(path, strerror(errno));
	if (p->size && p->size < size)
		size = p->size;
	p->job.blocks = size / p->job.block;
	return p->job.blocks ? 0 : complain(path, "smaller than a block");
}

static void *work(void *arg)
{
	struct worker *w = arg;

	w->err = w->engine(w->load);
	return NULL;
}

static int prepare(struct worker *w, const struct plan *p, unsigned int n)
{
	struct load *l = malloc(sizeof(*l));
	size_t size = (size_t)p->job.depth * p->job.block;

	w->load = l;
	w->engine = p->engine;
	if (!l)
		return -1;
	*l = p->job;
	if (posix_memalign((void **)&l->buffer, 4096, size))
		return -1;
	memset(l->buffer, (int)(p->seed + n) & 0xff, size);
	l->state = l->random ? (p->seed + n + 1) * 0x9e3779b97f4a7c15ull | 1 :
			       l->blocks / p->jobs * n;
	return 0;
}

static double seconds(struct timeval t)
{
	return t.tv_sec + t.tv_usec / 1e6;
}

static void print_hist(const struct hist *h)
{
	uint64_t count = 0;
	const char *comma = "";
	unsigned int i;

	printf("\"hist\": [");
	for (i = 0; i < HIST_BUCKETS; i++) {
		count += h->bucket[i];
		if (i % COARSE != COARSE - 1 || !count)
			continue;
		printf("%s[%llu, %llu]", comma, (unsigned long long)hist_lowest(i + 1),
		       (unsigned long long)count);
		comma = ", ";
		count = 0;
	}
	printf("]");
}

/* IOPS of several jobs are the sum of each job's own. */
static void report(const struct plan *p, struct worker *workers, const struct rusage *use)
{
	static struct hist all;
	uint64_t issued = 0, longest = 0;
	double iops = 0;
	unsigned int i;

	for (i = 0; i < p->jobs; i++) {
		struct load *l = workers[i].load;
		uint64_t took = l->end_ns - l->start_ns;

		hist_merge(&all, &l->hist);
		issued += l->issued;
		iops += took ? l->hist.count * 1e9 / took : 0;
		longest = took > longest ? took : longest;
	}
	printf("{\"engine\": \"%s\", \"depth\": %u, \"jobs\": %u, \"block\": %u, "
	       "\"requests\": %llu, \"issued\": %llu, \"seconds\": %.6f, \"iops\": %.1f, ",
	       p->name, p->job.depth, p->jobs, p->job.block, (unsigned long long)all.count,
	       (unsigned long long)issued, longest / 1e9, iops);
	printf("\"mean_ns\": %.0f, \"p50_ns\": %llu, \"p99_ns\": %llu, \"p999_ns\": %llu, "
	       "\"max_ns\": %llu, \"user_s\": %.6f, \"sys_s\": %.6f, ",
	       all.count ? (double)all.sum_ns / all.count : 0,
	       (unsigned long long)hist_percentile(&all, 0.5),
	       (unsigned long long)hist_percentile(&all, 0.99),
	       (unsigned long long)hist_percentile(&all, 0.999),
	       (unsigned long long)all.max_ns, seconds(use->ru_utime), seconds(use->ru_stime));
	print_hist(&all);
	printf("}\n");
}

static int run(const struct plan *p)
{
	static struct worker workers[MAX_JOBS];
	struct rusage use;
	unsigned int i;
	int err = 0;

	for (i = 0; i < p->jobs; i++)
		if (prepare(&workers[i], p, i))
			return complain("memory", strerror(ENOMEM));
	for (i = 1; i < p->jobs; i++)
		if (pthread_create(&workers[i].thread, NULL, work, &workers[i]))
			return complain("thread", strerror(errno));
	work(&workers[0]);
	for (i = 1; i < p->jobs; i++)
		pthread_join(workers[i].thread, NULL);
	for (i = 0; i < p->jobs && !err; i++)
		err = workers[i].err;
	if (err)
		return complain("a request failed", strerror(-err));
	getrusage(RUSAGE_SELF, &use);
	report(p, workers, &use);
	return 0;
}

int main(int argc, char **argv)
{
	struct plan p = {
		.job = { .fd = -1, .depth = 1, .block = 4096, .random = true,
			 .duration_ns = 1000 },
		.jobs = 1, .seed = 1, .engine = load_sync, .name = "sync",
	};

	if (parse(&p, argc, argv)) {
		fputs(usage, stderr);
		return 2;
	}
	return open_file(&p, argv[optind]) || run(&p) ? 1 : 0;
}
