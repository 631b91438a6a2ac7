/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Virtual device numbers: every encoding, its ends, and what is in none.
 */
#include "test.h"

#include "core/vdev.h"

static void names(void **unused)
{
	static const struct {
		u32 number;
		const char *name;
	} rows[] = {
		/* xvd, one byte of disk and partition */
		{ 51712, "xvda" },
		{ 51713, "xvda1" },
		{ 51728, "xvdb" },
		{ 51967, "xvdp15" },
		/* extended */
		{ 1u << 28, "xvda" },
		{ 1u << 28 | 25 << 8, "xvdz" },
		{ 1u << 28 | 26 << 8, "xvdaa" },
		{ 1u << 28 | 701 << 8 | 3, "xvdzz3" },
		{ 1u << 28 | 702 << 8, "xvdaaa" },
		{ (1u << 29) - 1, "xvdbgqcv255" },
		/* SCSI: 16 disks a major, over three runs of majors */
		{ 8 << 8, "xvda" },
		{ 8 << 8 | 0x1f, "xvdb15" },
		{ 65 << 8, "xvdq" },
		{ 71 << 8 | 0xf0, "xvddx" },
		{ 128 << 8, "xvddy" },
		{ 135 << 8 | 0xf0, "xvdiv" },
		/* IDE: two disks a major */
		{ 3 << 8, "xvda" },
		{ 3 << 8 | 64 | 63, "xvdb63" },
		{ 22 << 8, "xvdc" },
		{ 22 << 8 | 64 | 1, "xvdd1" },
	};
	struct moat_vdev v;
	u32 i;

	(void)unused;
	for (i = 0; i < MOAT_ARRAY_SIZE(rows); i++) {
		char name[MOAT_VDEV_NAME];

		check_row(rows[i].name, "error", moat_vdev_parse(rows[i].number, &v), 0);
		moat_vdev_name(&v, name);
		assert_string_equal(name, rows[i].name);
	}
}

static void unknown(void **unused)
{
	static const u32 numbers[] = {
		0, 255, 3 << 8 | 128, 22 << 8 | 128, 4 << 8, 64 << 8, 72 << 8,
		127 << 8, 136 << 8, 201 << 8, 203 << 8, (1u << 28) - 1, 1u << 29,
		0xffffffff,
	};
	struct moat_vdev v = { 7, 7 };
	u32 i;

	(void)unused;
	for (i = 0; i < MOAT_ARRAY_SIZE(numbers); i++) {
		assert_int_equal(moat_vdev_parse(numbers[i], &v), -EINVAL);
		assert_int_equal(v.disk, 7);
		assert_int_equal(v.part, 7);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
