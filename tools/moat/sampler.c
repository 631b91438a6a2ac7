// SPDX-License-Identifier: GPL-2.0
/*
 * Rounds of questions. Each has a word of its own, so that a late answer, or
 * the answer to another moat top, is not taken for one to this question.
 */
#include "sampler.h"

#include "text.h"

#include "moat/keys.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WORD_BYTES 32

static void forget_row(struct moat_sampler *s, struct moat_row *row)
{
	for (int i = 0; i < MOAT_HALVES; i++) {
		if (row->half[i].watched)
			moat_xstore_unwatch(s->xs, row->vbd.half[i].dir,
					    MOAT_KEY_STATS);
		free(row->half[i].mode);
	}
	free(row->state);
	free(row->trouble);
	moat_vbd_deinit(&row->vbd);
	memset(row, 0, sizeof(*row));
}

void moat_sampler_deinit(struct moat_sampler *sampler)
{
	for (int i = 0; i < sampler->count; i++)
		forget_row(sampler, &sampler->rows[i]);
	free(sampler->rows);
	sampler->rows = NULL;
	sampler->count = 0;
}

const struct moat_sample *moat_row_main(const struct moat_row *row)
{
	const struct moat_sample *front = &row->half[MOAT_HALF_FRONT];

	return front->mode ? front : &row->half[MOAT_HALF_BACK];
}

/* --- which disks there are ------------------------------------------------ */

static struct moat_row *old_row(struct moat_sampler *s,
				const struct moat_vbd *vbd)
{
	for (int i = 0; i < s->count; i++) {
		const struct moat_vbd *old = &s->rows[i].vbd;

		if (old->half[MOAT_HALF_FRONT].dir &&
		    strcmp(old->half[MOAT_HALF_FRONT].dir,
			   vbd->half[MOAT_HALF_FRONT].dir) == 0)
			return &s->rows[i];
	}
	return NULL;
}

/* Take over what an old row knows of the same half, its watch too. */
static void inherit(struct moat_row *row, struct moat_row *old, int i)
{
	const char *dir = row->vbd.half[i].dir;
	const char *before = old->vbd.half[i].dir;

	if (!dir || !before || strcmp(dir, before) != 0)
		return;
	row->half[i] = old->half[i];
	memset(&old->half[i], 0, sizeof(old->half[i]));
}

static void look_at_half(struct moat_sampler *s, struct moat_row *row, int i)
{
	struct moat_sample *half = &row->half[i];
	const char *dir = row->vbd.half[i].dir;

	free(half->mode);
	half->mode = dir ? moat_xstore_read(s->xs, XBT_NULL, dir,
					    MOAT_KEY_MODE) : NULL;
	half->asked = half->answered = false;
	if (half->mode && !half->watched)
		half->watched = moat_xstore_watch(s->xs, dir, MOAT_KEY_STATS);
}

static void look_at_front(struct moat_sampler *s, struct moat_row *row)
{
	const char *dir = row->vbd.half[MOAT_HALF_FRONT].dir;
	char *state;

	row->trouble = moat_xstore_read(s->xs, XBT_NULL, dir, MOAT_KEY_TROUBLE);
	row->state = moat_xstore_read(s->xs, XBT_NULL, dir,
				      MOAT_KEY_FRONT_STATE);
	if (row->state)
		return;
	state = moat_xstore_read(s->xs, XBT_NULL, dir, "state");
	row->state = state ? strdup(moat_text_xenbus(state)) : NULL;
	free(state);
}

static bool is_wanted(const struct moat_sampler *s, const struct moat_vbd *vbd)
{
	const char *domain = vbd->half[MOAT_HALF_BACK].domain;

	return !s->storage || (domain && strcmp(domain, s->storage) == 0);
}

static void take_row(struct moat_sampler *s, struct moat_row *row,
		     const struct moat_vbd *vbd)
{
	struct moat_row *old = old_row(s, vbd);

	row->vbd = *vbd;
	for (int i = 0; i < MOAT_HALVES; i++) {
		if (old)
			inherit(row, old, i);
		look_at_half(s, row, i);
	}
	look_at_front(s, row);
}

static int find_rows(struct moat_sampler *s)
{
	struct moat_vbd *list;
	struct moat_row *rows;
	int taken = 0, count = moat_vbd_list(s->xs, &list);

	if (count < 0)
		return count;
	rows = calloc(count ? count : 1, sizeof(*rows));
	if (!rows) {
		moat_vbd_free(list, count);
		return -ENOMEM;
	}
	for (int n = 0; n < count; n++) {
		if (is_wanted(s, &list[n]))
			take_row(s, &rows[taken++], &list[n]);
		else
			moat_vbd_deinit(&list[n]);
	}
	free(list);	/* what is in it belongs to the rows now */
	moat_sampler_deinit(s);
	s->rows = rows;
	s->count = taken;
	return 0;
}

/* --- questions and answers ----------------------------------------------- */

static void ask_all(struct moat_sampler *s, const char *word)
{
	for (int n = 0; n < s->count; n++)
		for (int i = 0; i < MOAT_HALVES; i++) {
			struct moat_sample *half = &s->rows[n].half[i];

			if (half->mode)
				half->asked = moat_xstore_write_beside(
					s->xs, s->rows[n].vbd.half[i].dir,
					MOAT_KEY_MODE, MOAT_KEY_ASK, word) == 0;
		}
}

static void take_answer(struct moat_sample *half, const char *text,
			const char *word)
{
	struct moat_stats stats;
	double now = moat_xstore_clock();

	if (moat_stats_parse(text, word, &stats))
		return;
	half->answered = true;
	if (half->have)
		moat_rate_between(&half->stats, &stats, now - half->at,
				  &half->rate);
	half->stats = stats;
	half->at = now;
	half->have = true;
}

/* Return: how many answers are still to come. */
static int take_answers(struct moat_sampler *s, const char *word)
{
	int missing = 0;

	for (int n = 0; n < s->count; n++)
		for (int i = 0; i < MOAT_HALVES; i++) {
			struct moat_sample *half = &s->rows[n].half[i];
			char *text;

			if (!half->asked || half->answered)
				continue;
			text = moat_xstore_read(s->xs, XBT_NULL,
						s->rows[n].vbd.half[i].dir,
						MOAT_KEY_STATS);
			if (text)
				take_answer(half, text, word);
			free(text);
			missing += !half->answered;
		}
	return missing;
}

int moat_sampler_round(struct moat_sampler *sampler, double seconds)
{
	double end = moat_xstore_clock() + seconds;
	char word[WORD_BYTES];
	int err = find_rows(sampler);

	if (err)
		return err;
	for (int n = 0; n < sampler->count; n++)
		for (int i = 0; i < MOAT_HALVES; i++)
			sampler->rows[n].half[i].rate.valid = false;
	snprintf(word, sizeof(word), "top-%d-%u", (int)getpid(),
		 ++sampler->round);
	ask_all(sampler, word);
	while (take_answers(sampler, word)) {
		int got = moat_xstore_wait(sampler->xs, -1, end);

		if (got == 0)
			break;
		if (got < 0 && got != -EINTR)
			return got;
	}
	return 0;
}

double moat_row_retained(const struct moat_row *row)
{
	const struct moat_sample *front = &row->half[MOAT_HALF_FRONT];

	return front->answered && front->stats.has_retained ?
		       (double)front->stats.retained_bytes : -1;
}
