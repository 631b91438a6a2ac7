/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Virtual device numbers: every encoding, its borders, and the names.
 */
#include "test.h"

#include <string.h>

#include "core/vdev.h"

#define EXT(disk, part) ((1u << 28) | (disk) << 8 | (part))

static const struct {
	const char *name;	/* NULL: refused */
	u32 number;
	u32 disk, part;
} encodings[] = {
	{ "xvda", 51712, 0, 0 },
	{ "xvda1", 51713, 0, 1 },
	{ "xvdb", 51728, 1, 0 },
	{ "xvdp15", 202 << 8 | 255, 15, 15 },
	{ "xvda", EXT(0, 0), 0, 0 },
	{ "xvda16", EXT(0, 16), 0, 16 },
	{ "xvdq", EXT(16, 0), 16, 0 },
	{ "xvdz255", EXT(25, 255), 25, 255 },
	{ "xvdaa", EXT(26, 0), 26, 0 },
	{ "xvdaz", EXT(51, 0), 51, 0 },
	{ "xvdba", EXT(52, 0), 52, 0 },
	{ "xvdzz", EXT(701, 0), 701, 0 },
	{ "xvdaaa", EXT(702, 0), 702, 0 },
	{ "xvdbgqcv255", EXT(0xfffff, 255), 0xfffff, 255 },
	{ "xvda", 8 << 8, 0, 0 },
	{ "xvdp15", 8 << 8 | 255, 15, 15 },
	{ "xvdq", 65 << 8, 16, 0 },
	{ "xvddx15", 71 << 8 | 255, 127, 15 },
	{ "xvddy", 128 << 8, 128, 0 },
	{ "xvdiv15", 135 << 8 | 255, 255, 15 },
	{ "xvda", 3 << 8, 0, 0 },
	{ "xvda63", 3 << 8 | 63, 0, 63 },
	{ "xvdb1", 3 << 8 | 65, 1, 1 },
	{ "xvdb63", 3 << 8 | 127, 1, 63 },
	{ "xvdc", 22 << 8, 2, 0 },
	{ "xvdd63", 22 << 8 | 127, 3, 63 },
	{ NULL, 0, 0, 0 },
	{ NULL, 3 << 8 | 128, 0, 0 },
	{ NULL, 22 << 8 | 255, 0, 0 },
	{ NULL, 7 << 8, 0, 0 },
	{ NULL, 9 << 8, 0, 0 },
	{ NULL, 64 << 8, 0, 0 },
	{ NULL, 72 << 8, 0, 0 },
	{ NULL, 127 << 8, 0, 0 },
	{ NULL, 136 << 8, 0, 0 },
	{ NULL, 201 << 8, 0, 0 },
	{ NULL, 203 << 8, 0, 0 },
	{ NULL, 1u << 27, 0, 0 },
	{ NULL, 2u << 28, 0, 0 },
	{ NULL, 3u << 28, 0, 0 },
	{ NULL, 2u << 28 | 202 << 8, 0, 0 },
	{ NULL, UINT32_MAX, 0, 0 },
};

static void numbers(void **unused)
{
	u32 i;

	(void)unused;
	for (i = 0; i < MOAT_ARRAY_SIZE(encodings); i++) {
		struct moat_vdev v = { 77, 78 };
		char name[MOAT_VDEV_NAME];
		int err = moat_vdev_parse(encodings[i].number, &v);

		if (!encodings[i].name) {
			if (err != -EINVAL || v.disk != 77 || v.part != 78)
				fail_msg("%#x: not refused", encodings[i].number);
			continue;
		}
		if (err || v.disk != encodings[i].disk || v.part != encodings[i].part)
			fail_msg("%#x: %d, disk %u, part %u", encodings[i].number,
				 err, v.disk, v.part);
		memset(name, '#', sizeof(name));
		moat_vdev_name(&v, name);
		assert_string_equal(name, encodings[i].name);
	}
}

/* No two disks share a name. */
static void names_differ(void **unused)
{
	char last[MOAT_VDEV_NAME] = "", name[MOAT_VDEV_NAME];
	struct moat_vdev v = { 0 };

	(void)unused;
	for (v.disk = 0; v.disk < 1u << 20; v.disk++) {
		moat_vdev_name(&v, name);
		/* Longer names come later, equally long ones in order. */
		assert_true(strlen(name) > strlen(last) ||
			    strcmp(name, last) > 0);
		memcpy(last, name, sizeof(last));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers),
		cmocka_unit_test(names_differ),
	};

	return cmocka_run_group_tests_name("vdev", tests, NULL, NULL);
}
