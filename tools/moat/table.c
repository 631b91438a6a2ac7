// SPDX-License-Identifier: GPL-2.0
/*
 * Columns.
 */
#include "table.h"

#include "text.h"

#include <err.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define GAP 2	/* blanks between columns */

struct moat_table {
	const struct moat_column *columns;
	size_t width;		/* number of columns */
	size_t *widths;		/* of each */
	char **cells;
	size_t count, room;
	bool headed;
};

struct moat_table *moat_table_create(const struct moat_column *columns)
{
	struct moat_table *t = calloc(1, sizeof(*t));

	if (!t)
		err(EXIT_FAILURE, "table");
	t->columns = columns;
	while (columns[t->width].head)
		t->width++;
	t->widths = calloc(t->width, sizeof(*t->widths));
	if (!t->widths)
		err(EXIT_FAILURE, "table");
	for (size_t i = 0; i < t->width; i++)
		t->widths[i] = strlen(columns[i].head);
	return t;
}

static void forget(struct moat_table *t)
{
	while (t->count)
		free(t->cells[--t->count]);
}

void moat_table_destroy(struct moat_table *table)
{
	if (!table)
		return;
	forget(table);
	free(table->cells);
	free(table->widths);
	free(table);
}

void moat_table_add(struct moat_table *table, const char *fmt, ...)
{
	size_t len, column = table->count % table->width;
	va_list args;
	char *cell;

	va_start(args, fmt);
	if (vasprintf(&cell, fmt, args) < 0)
		err(EXIT_FAILURE, "table");
	va_end(args);
	if (!*cell) {
		free(cell);
		cell = strdup("-");
	}
	if (table->count == table->room) {
		size_t room = table->room ? table->room * 2 : 64;
		char **cells = realloc(table->cells, room * sizeof(*cells));

		if (!cells)
			err(EXIT_FAILURE, "table");
		table->cells = cells;
		table->room = room;
	}
	if (!cell)
		err(EXIT_FAILURE, "table");
	moat_text_clean(cell);
	table->cells[table->count++] = cell;
	len = strlen(cell);
	if (len > table->widths[column])
		table->widths[column] = len;
}

/* The last cell of a row is not filled up: no blanks at a line's end. */
static void print_cell(const struct moat_table *t, size_t column,
		       const char *text, FILE *out)
{
	int width = (int)t->widths[column];
	bool last = column + 1 == t->width;

	if (t->columns[column].right)
		fprintf(out, "%*s", width, text);
	else if (last)
		fputs(text, out);
	else
		fprintf(out, "%-*s", width, text);
	if (last)
		fputc('\n', out);
	else
		fprintf(out, "%*s", GAP, "");
}

void moat_table_print(struct moat_table *table, FILE *out)
{
	if (!table->headed)
		for (size_t i = 0; i < table->width; i++)
			print_cell(table, i, table->columns[i].head, out);
	table->headed = true;
	for (size_t i = 0; i < table->count; i++)
		print_cell(table, i % table->width, table->cells[i], out);
	forget(table);
}

void moat_table_again(struct moat_table *table)
{
	table->headed = false;
}
