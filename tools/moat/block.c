// SPDX-License-Identifier: GPL-2.0
/*
 * Lines, folded.
 */
#include "block.h"

#include "text.h"

#include <err.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define GAP 2	/* blanks between name and text */
#define WIDTH 80
#define WIDTH_MIN 40

int moat_block_width(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || !size.ws_col)
		return WIDTH;
	return size.ws_col < WIDTH_MIN ? WIDTH_MIN : size.ws_col;
}

/* How much of a text goes on a line of so many columns. */
static size_t fold(const char *text, size_t room)
{
	size_t len = strlen(text), at = room;

	if (len <= room)
		return len;
	while (at && text[at] != ' ')
		at--;
	/* a word that is longer than a line is not torn */
	return at ? at : strcspn(text, " ");
}

void moat_block_text(FILE *out, int width, int margin, const char *text)
{
	for (;;) {
		size_t len = fold(text, width > margin ? width - margin : 1);

		fprintf(out, "%.*s\n", (int)len, text);
		text += len;
		text += strspn(text, " ");
		if (!*text)
			return;
		fprintf(out, "%*s", margin, "");
	}
}

void moat_block_line(FILE *out, int width, const char *name, const char *fmt,
		     ...)
{
	int margin = MOAT_BLOCK_INDENT + MOAT_BLOCK_NAME + GAP;
	char *text;
	va_list args;

	va_start(args, fmt);
	if (vasprintf(&text, fmt, args) < 0)
		err(EXIT_FAILURE, "block");
	va_end(args);
	moat_text_clean(text);
	fprintf(out, "%*s%-*s%*s", MOAT_BLOCK_INDENT, "", MOAT_BLOCK_NAME, name,
		GAP, "");
	moat_block_text(out, width, margin, text);
	free(text);
}
