/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a front end that keeps nothing has been given to rely on.
 *
 * It was told of its disk once, when it connected, and goes by that for as long as
 * it lives. A back end that is to take it up under way (core/journal.h) therefore owes
 * it the same disk, and no less than the last one gave. This is a note of it, a line of
 * text that the toolstack keeps and hands to the next back end:
 *
 *	sectors=2097152 block=512 segments=128 readonly=0 ... identity=WWID
 *
 * The identity comes last and goes to the end of the line. A note of an older back end
 * may lack a name, one of a newer may have more: what only one of two notes knows is not
 * compared.
 *
 * Trust. The note has been written by the storage domain of before: what it says wrongly
 * makes a disk stay away, or lets the next one serve what it serves anyway.
 */
#ifndef MOAT_CORE_OWED_H
#define MOAT_CORE_OWED_H

#include "env.h"

/* What of a disk is known to the front end, and how the next one may differ. */
#define MOAT_OWED_NUMBERS(X)                                                    \
	X(sectors, GROWN)      /* size, in units of 512 bytes */                  \
	X(block, SAME)         /* logical block, in bytes */                      \
	X(segments, NO_LESS)   /* of an indirect request; 0: none */              \
	X(readonly, NO_MORE)                                                    \
	X(flush, NO_LESS)                                                       \
	X(barrier, NO_LESS)                                                     \
	X(discard, NO_LESS)                                                     \
	X(secure, NO_LESS)     /* secure discard */                               \
	X(persistent, AS_WAS)  /* pages stay granted: it holds to that whatever the \
				* next one offers                               \
				*/

enum moat_owed_number {
#define MOAT_OWED_ENUM(name, rule) MOAT_OWED_##name,
	MOAT_OWED_NUMBERS(MOAT_OWED_ENUM)
#undef MOAT_OWED_ENUM
	MOAT_OWED_COUNT,
};

/* With the zero at its end, as that of MOAT_KEY_IDENTITY. */
#define MOAT_OWED_IDENTITY_MAX 256

/* The longest note, with the zero at its end. */
#define MOAT_OWED_TEXT (MOAT_OWED_IDENTITY_MAX + MOAT_OWED_COUNT * 32)

/**
 * struct moat_owed - what a front end relies on
 * @number: by enum moat_owed_number
 * @known: bit N: number N is known
 * @identity: which piece of hardware it is; empty: nobody can tell
 */
struct moat_owed {
	u64 number[MOAT_OWED_COUNT];
	u32 known;
	char identity[MOAT_OWED_IDENTITY_MAX];
};

static inline const char *moat_owed_name(u32 which)
{
	static const char *const names[] = {
#define MOAT_OWED_NAME(name, rule) #name,
		MOAT_OWED_NUMBERS(MOAT_OWED_NAME)
#undef MOAT_OWED_NAME
	};

	return names[which];
}

static inline void moat_owed_set(struct moat_owed *owed, enum moat_owed_number which,
				 u64 value)
{
	owed->number[which] = value;
	owed->known |= 1u << which;
}

static inline bool moat_owed_knows(const struct moat_owed *owed,
				   enum moat_owed_number which)
{
	return owed->known >> which & 1;
}

/* ---- as text ---- */

#define MOAT_OWED_IDENTITY "identity"

/* What has a decimal number at its beginning; NULL: none that fits. */
static inline const char *moat_owed_digits(const char *text, u64 *value)
{
	const char *at;
	u64 sum = 0;

	for (at = text; *at >= '0' && *at <= '9'; at++) {
		u32 digit = *at - '0';

		if (sum > (~(u64)0 - digit) / 10)
			return NULL;
		sum = sum * 10 + digit;
	}
	*value = sum;
	return at == text ? NULL : at;
}

/* Does a word "NAME=..." have this name? Return: what is behind the sign, or NULL. */
static inline const char *moat_owed_value(const char *text, const char *name)
{
	size_t len = strlen(name);

	if (strncmp(text, name, len) || text[len] != '=')
		return NULL;
	return text + len + 1;
}

/* One word of the note. Return: what stands behind it, or NULL for nonsense. */
static inline const char *moat_owed_parse_word(const char *text, struct moat_owed *owed)
{
	const char *value;
	u64 number;
	u32 i;

	for (i = 0; i < MOAT_OWED_COUNT; i++) {
		value = moat_owed_value(text, moat_owed_name(i));
		if (!value)
			continue;
		value = moat_owed_digits(value, &number);
		if (value)
			moat_owed_set(owed, i, number);
		return value;
	}
	/* Of a newer back end. */
	while (*text && *text != ' ')
		text++;
	return text;
}

/**
 * moat_owed_parse() - read a note
 * @text: the note
 * @owed: what it says; worth something only on success
 *
 * Return: 0, or -EINVAL.
 */
static inline int moat_owed_parse(const char *text, struct moat_owed *owed)
{
	const char *identity;

	memset(owed, 0, sizeof(*owed));
	while (!(identity = moat_owed_value(text, MOAT_OWED_IDENTITY))) {
		text = moat_owed_parse_word(text, owed);
		/* A word, a space, and in the end the identity. */
		if (!text || *text != ' ')
			return -EINVAL;
		text++;
	}
	if (strlen(identity) >= sizeof(owed->identity))
		return -EINVAL;
	strcpy(owed->identity, identity);
	return 0;
}

static inline char *moat_owed_put_text(char *to, const char *text)
{
	size_t len = strlen(text);

	memcpy(to, text, len);
	return to + len;
}

static inline char *moat_owed_put_number(char *to, u64 value)
{
	char digits[20];
	u32 n = 0;

	do
		digits[n++] = '0' + value % 10;
	while (value /= 10);
	while (n)
		*to++ = digits[--n];
	return to;
}

/**
 * moat_owed_format() - write a note
 * @owed: what it is to say
 * @text: the note, MOAT_OWED_TEXT bytes
 */
static inline void moat_owed_format(const struct moat_owed *owed, char *text)
{
	u32 i;

	for (i = 0; i < MOAT_OWED_COUNT; i++) {
		if (!moat_owed_knows(owed, i))
			continue;
		text = moat_owed_put_text(text, moat_owed_name(i));
		*text++ = '=';
		text = moat_owed_put_number(text, owed->number[i]);
		*text++ = ' ';
	}
	text = moat_owed_put_text(text, MOAT_OWED_IDENTITY "=");
	text = moat_owed_put_text(text, owed->identity);
	*text = '\0';
}

/* ---- compared ---- */

enum moat_owed_rule {
	MOAT_OWED_SAME,
	MOAT_OWED_NO_LESS,
	MOAT_OWED_NO_MORE,
	MOAT_OWED_GROWN,	/* no less; the same where nobody can tell which disk it is */
	MOAT_OWED_AS_WAS,	/* the next one goes by the note */
};

static inline bool moat_owed_fits(u64 was, u64 now, enum moat_owed_rule rule)
{
	switch (rule) {
	case MOAT_OWED_SAME:
		return now == was;
	case MOAT_OWED_NO_LESS:
	case MOAT_OWED_GROWN:
		return now >= was;
	case MOAT_OWED_NO_MORE:
		return now <= was;
	case MOAT_OWED_AS_WAS:
		break;
	}
	return true;
}

/**
 * moat_owed_misfit() - what of a note is not kept?
 * @was: the note
 * @now: what there is
 *
 * Return: a name, or NULL if all is kept.
 */
static inline const char *moat_owed_misfit(const struct moat_owed *was,
					   const struct moat_owed *now)
{
	static const u8 rules[] = {
#define MOAT_OWED_RULE(name, rule) MOAT_OWED_##rule,
		MOAT_OWED_NUMBERS(MOAT_OWED_RULE)
#undef MOAT_OWED_RULE
	};
	u32 i;

	if (strcmp(was->identity, now->identity))
		return MOAT_OWED_IDENTITY;
	for (i = 0; i < MOAT_OWED_COUNT; i++) {
		enum moat_owed_rule rule = rules[i];

		if (!moat_owed_knows(was, i) || !moat_owed_knows(now, i))
			continue;
		if (rule == MOAT_OWED_GROWN && !was->identity[0])
			rule = MOAT_OWED_SAME;
		if (!moat_owed_fits(was->number[i], now->number[i], rule))
			return moat_owed_name(i);
	}
	return NULL;
}

#endif
