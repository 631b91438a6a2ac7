/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Notes of what a front end relies on, as a storage domain that means harm leaves them:
 * reading stays within the text; what was understood is said again in the same way, in as
 * much room as there is for it; nothing owes more than itself.
 */
#include "fuzz.h"

#include "core/owed.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	char *text = malloc(size + 1), *said = malloc(MOAT_OWED_TEXT);
	struct moat_owed owed, again;

	check(text && said);
	memcpy(text, data, size);
	text[size] = '\0';
	if (!moat_owed_parse(text, &owed)) {
		moat_owed_format(&owed, said);
		check(strlen(said) < MOAT_OWED_TEXT);
		check(!moat_owed_parse(said, &again));
		check(again.known == owed.known);
		check(!memcmp(again.number, owed.number, sizeof(owed.number)));
		check(!strcmp(again.identity, owed.identity));
		check(!moat_owed_misfit(&owed, &again));
	}
	free(said);
	free(text);
	return 0;
}
