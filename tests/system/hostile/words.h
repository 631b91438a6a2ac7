/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a key of xenstore may be made to say, besides any number.
 */
#ifndef MOAT_HOSTILE_WORDS_H
#define MOAT_HOSTILE_WORDS_H

static const char *const hostile_words[] = {
	"", "0", "1", "-1", "2", "3", "7", "16", "64", "255", "256", "511", "512", "513", "1000",
	"4096", "8192", "65536", "2147483648", "4294967295", "4294967296", "9223372036854775807",
	"18014398509481984", "18014398509481985", "18446744073709551615", "99999999999999999999",
	"x", "0x10", "1 2", "%s%n", "x86_64-abi", "x86_32-abi", "arm-abi", "..", "/", "spin"
};

#endif
