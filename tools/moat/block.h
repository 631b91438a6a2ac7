/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Lines of "name  text", for a terminal: folded between words at its width, the
 * text below the text.
 */
#ifndef MOAT_BLOCK_H
#define MOAT_BLOCK_H

#include <stdio.h>

#define MOAT_BLOCK_INDENT 2	/* blanks in front of a name */
#define MOAT_BLOCK_NAME 10	/* columns for it */

/* Columns of the terminal on stdout; 80 if that is none, 40 at least. */
int moat_block_width(void);

/**
 * moat_block_text() - print a text, folded
 * @out: where to
 * @width: columns
 * @margin: so many are left of all lines but the first, which is begun already
 * @text: clean
 */
void moat_block_text(FILE *out, int width, int margin, const char *text);

/**
 * moat_block_line() - print a line, or as many as it takes
 * @out: where to
 * @width: columns
 * @name: what it is about; "" goes on with the one before
 * @fmt: printf format; control characters in the result are replaced
 */
void moat_block_line(FILE *out, int width, const char *name, const char *fmt,
		     ...) __attribute__((format(printf, 4, 5)));

#endif
