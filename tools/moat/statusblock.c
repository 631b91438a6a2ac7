// SPDX-License-Identifier: GPL-2.0
/*
 * Storage domains and disks as blocks of lines.
 */
#include "statusblock.h"

#include "block.h"
#include "field.h"
#include "text.h"
#include "words.h"

static void put_head(const json_t *storage, FILE *out)
{
	char text[MOAT_WORDS_TEXT], name[MOAT_WORDS_TEXT];

	snprintf(name, sizeof(name), "%s", moat_field_text(storage, "name"));
	moat_text_clean(name);
	fprintf(out, "%s: %s\n", name, moat_words_state(storage, text));
}

static void put_domain(const json_t *storage, FILE *out, int width)
{
	const json_t *health = json_object_get(storage, "health");
	double domid = moat_field_number(storage, "domid");
	char beat[MOAT_TEXT_SHORT], poller[MOAT_TEXT_SHORT],
		device[MOAT_TEXT_SHORT];

	if (domid < 0) {
		moat_block_line(out, width, "domain", "none");
		return;
	}
	moat_block_line(out, width, "domain",
			"%.0f, heartbeat %s ago, poller %s, device %s", domid,
			moat_text_age(moat_field_number(storage,
							"heartbeat_age_ms"),
				      beat),
			moat_text_age(moat_field_number(health, "poller_ms"),
				      poller),
			moat_text_age(moat_field_number(health, "device_ms"),
				      device));
}

static void put_past(const json_t *storage, FILE *out, int width)
{
	double recoveries = moat_field_number(storage, "recoveries");
	double crashes = moat_field_number(storage, "crashes");
	char text[MOAT_WORDS_TEXT];

	moat_words_last(storage, text);
	if (*text)
		moat_block_line(out, width, "last", "%s", text);
	if (recoveries > 0)
		moat_block_line(out, width, "replaced",
				"%.0f times since moatd started, %.0f lately",
				recoveries, crashes < 0 ? 0 : crashes);
}

static void put_problem(const json_t *problem, FILE *out, int width)
{
	const char *domain = moat_field_text(problem, "domain");
	const char *vdev = moat_field_text(problem, "vdev");

	moat_block_line(out, width, "problem", "%s%s%s%s%s", domain,
			*domain && *vdev ? " " : "", vdev,
			*domain || *vdev ? ": " : "",
			moat_field_text(problem, "text"));
	moat_block_line(out, width, "to do", "%s",
			moat_field_text(problem, "advice"));
}

static void put_problems(const json_t *storage, FILE *out, int width)
{
	const json_t *problem;
	size_t i;

	json_array_foreach(json_object_get(storage, "problems"), i, problem)
		put_problem(problem, out, width);
}

static void put_disk(const json_t *disk, FILE *out, int width)
{
	const char *state = moat_words_disk(disk);
	char cover[MOAT_WORDS_TEXT];

	moat_words_cover(disk, cover);
	moat_block_line(out, width, "disk", "%s (%.0f) %s: %s%s%s/%s, %s, %s%s%s",
			moat_field_text(disk, "domain"),
			moat_field_number(disk, "domid"),
			moat_field_text(disk, "vdev"), state,
			*state ? ", " : "",
			moat_words_xenbus(disk, "front_state"),
			moat_words_xenbus(disk, "back_state"),
			moat_words_access(disk),
			moat_field_text(disk, "params"),
			*cover ? ", covered: " : "", cover);
}

static void put_storage(const json_t *storage, FILE *out, int width)
{
	char text[MOAT_WORDS_TEXT];
	const json_t *disk;
	size_t i;

	put_head(storage, out);
	put_domain(storage, out, width);
	moat_words_standby(storage, text);
	moat_block_line(out, width, "standby", "%s", *text ? text : "none");
	moat_words_pci(storage, text);
	if (*text)
		moat_block_line(out, width, "pci", "%s", text);
	put_past(storage, out, width);
	put_problems(storage, out, width);
	json_array_foreach(json_object_get(storage, "disks"), i, disk)
		put_disk(disk, out, width);
}

static void put_problem_storage(const json_t *storage, FILE *out, int width)
{
	put_head(storage, out);
	put_problems(storage, out, width);
}

/* One block each, an empty line between them. */
static void put_blocks(const json_t *list, FILE *out,
		       void (*put)(const json_t *, FILE *, int))
{
	int width = moat_block_width();
	const json_t *storage;
	size_t i;

	json_array_foreach(list, i, storage) {
		if (i)
			fputc('\n', out);
		put(storage, out, width);
	}
}

void moat_status_block(const json_t *list, FILE *out)
{
	put_blocks(list, out, put_storage);
}

void moat_status_problem_block(const json_t *list, FILE *out)
{
	put_blocks(list, out, put_problem_storage);
}
