/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What may be at the devices: its borders, and what comes of it with devices of two
 * kinds, one that does everything after another and one that does all at once.
 */
#include "test.h"

#include "core/window.h"

#define MS 1000000ull
#define LEAST MOAT_WINDOW_LEAST
#define MOST MOAT_WINDOW_MOST

static u64 now = 5000 * MS;

static void round_of(struct moat_window *w, u64 took)
{
	u32 i;

	for (i = 0; i < MOAT_WINDOW_ROUND; i++)
		moat_window_sample(w, 1, took, now);
}

/* A window that knows its base, of so many pages. */
static struct moat_window known(u64 base, u32 pages)
{
	struct moat_window w;

	moat_window_init(&w);
	round_of(&w, 9 * base);
	round_of(&w, base);
	w.pages = pages;
	return w;
}

static void begins(void **unused)
{
	struct moat_window w;

	(void)unused;
	moat_window_init(&w);
	assert_int_equal(w.pages, LEAST);
	/* What stood there before is not what the base is made of. */
	round_of(&w, 9000);
	assert_int_equal(w.base_ns, 0);
	assert_int_equal(w.pages, LEAST);
	round_of(&w, 100);
	assert_int_equal(w.base_ns, 100);
	assert_int_equal(w.pages, LEAST);
	round_of(&w, 100);
	assert_int_equal(w.pages, LEAST + LEAST / 4);
}

static const struct row {
	const char *name;
	u32 pages;
	u64 took;
	u32 want;
} rows[] = {
	{ "as ever", 1024, 1000, 1280 },
	{ "about so", 1024, 1500, 1280 },
	{ "slow", 1024, 1501, 512 },
	{ "very slow", 1024, 99999, 512 },
	{ "slow, near the least", LEAST + 2, 9999, LEAST },
	{ "slow, the least", LEAST, 9999, LEAST },
	{ "near the most", MOST - 1, 1000, MOST },
	{ "the most", MOST, 1000, MOST },
};

static void judgements(void **unused)
{
	u32 i;

	(void)unused;
	for (i = 0; i < MOAT_ARRAY_SIZE(rows); i++) {
		struct moat_window w = known(1000, rows[i].pages);

		round_of(&w, rows[i].took);
		check_row(rows[i].name, "pages", w.pages, rows[i].want);
	}
}

/* One request less than a round judges nothing; a mean is what counts. */
static void means(void **unused)
{
	struct moat_window w = known(1000, 1024);
	u32 i;

	(void)unused;
	for (i = 0; i < MOAT_WINDOW_ROUND - 1; i++)
		moat_window_sample(&w, 1, 1000, now);
	assert_int_equal(w.pages, 1024);
	moat_window_sample(&w, 1, 1000 + 501 * MOAT_WINDOW_ROUND, now);
	assert_int_equal(w.pages, 512);
}

/* The more often it had to be halved, the longer it stays. */
static void patience(void **unused)
{
	struct moat_window w = known(1000, 1024);
	u32 times, i, stays = 1;

	(void)unused;
	for (times = 0; times < 4; times++) {
		round_of(&w, 9999);
		stays *= 2;
		for (i = 1; i < stays; i++) {
			u32 before = w.pages;

			round_of(&w, 1000);
			assert_int_equal(w.pages, before);
		}
		i = w.pages;
		round_of(&w, 1000);
		assert_int_equal(w.pages, i + i / 4);
	}
	for (i = 0; i < 100; i++) {
		w.rounds = 0;
		round_of(&w, 9999);
	}
	assert_int_equal(w.patience, MOAT_WINDOW_PATIENCE);
}

/* The least is tried now and then, for two rounds; then the window is what it was. */
static void probes(void **unused)
{
	struct moat_window w = known(1000, MOST);
	u32 i;

	(void)unused;
	w.patience = 64;
	for (i = 1; i < MOAT_WINDOW_ROUNDS; i++) {
		round_of(&w, 1000);
		assert_int_equal(w.pages, MOST);
	}
	round_of(&w, 1000);
	assert_int_equal(w.pages, LEAST);
	round_of(&w, 70000);
	assert_int_equal(w.pages, LEAST);
	assert_int_equal(w.base_ns, 1000);
	round_of(&w, 700);
	assert_int_equal(w.pages, MOST);
	assert_int_equal(w.base_ns, 700);
	assert_int_equal(w.patience, 16);
	/* And again; less patience than to grow at once there is not. */
	w.patience = 3;
	for (i = 0; i < MOAT_WINDOW_ROUNDS + 2; i++)
		round_of(&w, 700);
	assert_int_equal(w.patience, 1);
	assert_int_equal(w.pages, MOST);
}

static void in_force(void **unused)
{
	struct moat_window w;

	(void)unused;
	moat_window_init(&w);
	assert_false(moat_window_holds(&w, 1, now));
	assert_false(moat_window_holds(&w, 7, 1));
	moat_window_sample(&w, 1, 1, now);
	/* Not for him himself. */
	assert_false(moat_window_holds(&w, 1, now));
	assert_true(moat_window_holds(&w, 2, now));
	assert_true(moat_window_holds(&w, 2, now + MOAT_WINDOW_STAYS_NS - 1));
	assert_false(moat_window_holds(&w, 2, now + MOAT_WINDOW_STAYS_NS));
	moat_window_sample(&w, 2, 1, now + 1);
	assert_true(moat_window_holds(&w, 1, now + MOAT_WINDOW_STAYS_NS));
	assert_true(moat_window_holds(&w, 2, now));
	/* The third takes the place of him who was not seen for longer. */
	moat_window_sample(&w, 1, 1, now + 2);
	moat_window_sample(&w, 1, 1, now + 2);
	assert_true(moat_window_holds(&w, 1, now + 2));
	moat_window_sample(&w, 3, 1, now + 3);
	assert_true(moat_window_holds(&w, 3, now + 3));
	assert_true(moat_window_holds(&w, 1, now + 3));
	assert_int_equal(w.light[0] + w.light[1], 4);
	moat_window_sample(&w, 4, 1, now + 4);
	assert_int_equal(w.light[0] + w.light[1], 7);
}

static void light(void **unused)
{
	(void)unused;
	assert_true(moat_window_light(0, 1));
	assert_false(moat_window_light(now, now));
	assert_false(moat_window_light(now, now + MOAT_WINDOW_LIGHT_NS - 1));
	assert_true(moat_window_light(now, now + MOAT_WINDOW_LIGHT_NS));
	/* Times of two CPUs. */
	assert_false(moat_window_light(now, now - 1));
}

/* ---- devices ---- */

/* What one slot of a ring carries: larger requests are several for the device. */
#define LARGE 32u
#define LARGE_NS (42 * 1000ull)	/* three gigabytes a second */
#define SMALL_NS (85 * 1000ull)

/* One after another: a small request finds the window full, at some moment of the first. */
static u64 in_line(u32 pages, u64 *random)
{
	u64 ahead = (pages + LARGE - 1) / LARGE;

	return (ahead - 1) * LARGE_NS + test_random(random) % LARGE_NS + SMALL_NS;
}

/* All at once, ten milliseconds each, more or less. */
static u64 at_once(u32 pages, u64 *random)
{
	(void)pages;
	return 2 * MS + test_random(random) % (16 * MS);
}

struct outcome {
	u64 late;	/* small requests that took more than three times what they need */
	u64 pages;	/* the window, in the mean */
	u32 most;
};

#define REQUESTS 2000000u

static struct outcome play(u64 (*device)(u32 pages, u64 *random))
{
	struct outcome seen = { 0 };
	struct moat_window w;
	u64 random = 3, took;
	u32 i;

	moat_window_init(&w);
	for (i = 0; i < REQUESTS; i++) {
		took = device(w.pages, &random);
		seen.late += took > 3 * SMALL_NS;
		seen.pages += w.pages;
		seen.most = w.pages > seen.most ? w.pages : seen.most;
		moat_window_sample(&w, 1, took, now);
	}
	seen.pages /= REQUESTS;
	return seen;
}

/* Less than one in a hundred is late, for ever. */
static void serial_device(void **unused)
{
	struct outcome seen = play(in_line);

	(void)unused;
	assert_true(seen.late < REQUESTS / 100);
	assert_true(seen.pages < 2 * LEAST);
	assert_true(seen.most > LEAST);
}

/* A device far away is not kept from its work. */
static void parallel_device(void **unused)
{
	struct outcome seen = play(at_once);

	(void)unused;
	assert_true(seen.pages > MOST * 3 / 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(begins),
		cmocka_unit_test(judgements),
		cmocka_unit_test(means),
		cmocka_unit_test(patience),
		cmocka_unit_test(probes),
		cmocka_unit_test(in_force),
		cmocka_unit_test(light),
		cmocka_unit_test(serial_device),
		cmocka_unit_test(parallel_device),
	};

	return cmocka_run_group_tests_name("window", tests, NULL, NULL);
}
