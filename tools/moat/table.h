/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Rows of cells, printed in columns as wide as their widest cell.
 *
 * Rows may be printed as they come (moat events --follow): a column then only
 * grows, and the head is not repeated. There is no error return: a command
 * that cannot get a few hundred bytes of memory ends itself, saying so.
 */
#ifndef MOAT_TABLE_H
#define MOAT_TABLE_H

#include <stdbool.h>
#include <stdio.h>

/* A column; the end of an array of them has no head. */
struct moat_column {
	const char *head;
	bool right;		/* set against the right edge: numbers */
};

struct moat_table;

/**
 * moat_table_create() - a table without rows
 * @columns: kept, not copied
 *
 * Return: the table; it ends with moat_table_destroy().
 */
struct moat_table *moat_table_create(const struct moat_column *columns);
void moat_table_destroy(struct moat_table *table);

/**
 * moat_table_add() - put a cell behind the last one
 * @table: a row is full, and the next begins, when all columns have a cell
 * @fmt: printf format; control characters in the result are replaced, and
 *	 nothing at all is shown as "-"
 */
void moat_table_add(struct moat_table *table, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/**
 * moat_table_print() - print the rows not printed yet, and forget them
 * @table: the head comes first if it has not been printed
 * @out: where to
 */
void moat_table_print(struct moat_table *table, FILE *out);

/* Have the head printed again; widths stay, so that nothing jumps. */
void moat_table_again(struct moat_table *table);

#endif
