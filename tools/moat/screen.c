// SPDX-License-Identifier: GPL-2.0
/*
 * The ncurses part of moat top.
 */
#include "screen.h"

#include <errno.h>
#include <ncurses.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SIDEWAYS 8

static SCREEN *screen;
static int first_line, first_column;

int moat_screen_open(void)
{
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return -ENOTTY;
	screen = newterm(NULL, stdout, stdin);
	if (!screen)
		return -ENOTTY;
	cbreak();
	noecho();
	curs_set(0);
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	return 0;
}

void moat_screen_close(void)
{
	if (!screen)
		return;
	endwin();
	delscreen(screen);
	screen = NULL;
}

/* The part of a line that lies within the screen. */
static void put_line(int y, const char *line, size_t len, bool head)
{
	size_t skip = (size_t)first_column < len ? (size_t)first_column : len;
	int room = COLS;

	move(y, 0);
	clrtoeol();
	if (head)
		attron(A_REVERSE);
	addnstr(line + skip, len - skip > (size_t)room ? room :
		(int)(len - skip));
	if (head) {
		for (int x = getcurx(stdscr); getcury(stdscr) == y && x < COLS;
		     x++)
			addch(' ');
		attroff(A_REVERSE);
	}
}

static int count_lines(const char *text)
{
	int lines = 0;

	for (; (text = strchr(text, '\n')); text++)
		lines++;
	return lines;
}

/* Keep the part that is shown within what there is to show. */
static void limit_view(const char *text)
{
	int body = count_lines(text) - 1, room = LINES - 3;

	if (first_line > body - room)
		first_line = body - room;
	if (first_line < 0)
		first_line = 0;
	if (first_column > (int)strcspn(text, "\n") - COLS)
		first_column = (int)strcspn(text, "\n") - COLS;
	if (first_column < 0)
		first_column = 0;
}

void moat_screen_show(const char *title, const char *text)
{
	int y = 1, number = 0;

	limit_view(text);
	erase();
	mvaddnstr(0, 0, title, COLS);
	for (; *text && y < LINES - 1; number++) {
		size_t len = strcspn(text, "\n");

		if (number == 0 || number > first_line)
			put_line(y++, text, len, number == 0);
		text += len + (text[len] == '\n');
	}
	mvaddnstr(LINES - 1, 0, "q: quit  h: help  s: order  arrow keys: the rest",
		  COLS - 1);
	refresh();
}

static void move_view(int key)
{
	switch (key) {
	case KEY_DOWN:
		first_line++;
		break;
	case KEY_UP:
		first_line--;
		break;
	case KEY_RIGHT:
		first_column += SIDEWAYS;
		break;
	case KEY_LEFT:
		first_column -= SIDEWAYS;
		break;
	}
}

enum moat_screen_wish moat_screen_key(void)
{
	struct pollfd p = { .fd = STDIN_FILENO };
	int key;

	while ((key = getch()) != ERR) {
		switch (key) {
		case 'q':
		case 'Q':
			return MOAT_SCREEN_LEAVE;
		case 's':
			return MOAT_SCREEN_ORDER;
		case 'h':
		case '?':
			return MOAT_SCREEN_HELP;
		default:
			move_view(key);
		}
	}
	/* a terminal that is gone stays readable, and has no keys */
	return poll(&p, 1, 0) > 0 ? MOAT_SCREEN_LEAVE : MOAT_SCREEN_NOTHING;
}
