/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A terminal that shows a text with a head line, larger than itself if need
 * be; the arrow keys move over it.
 */
#ifndef MOAT_SCREEN_H
#define MOAT_SCREEN_H

/**
 * moat_screen_open() - take the terminal
 *
 * Return: 0, or -ENOTTY if it cannot be used in this way.
 */
int moat_screen_open(void);

/* Give it back as it was; may be called twice. */
void moat_screen_close(void);

/* What a key may ask of who shows something. */
enum moat_screen_wish {
	MOAT_SCREEN_NOTHING,	/* what is shown may have to be shown again */
	MOAT_SCREEN_LEAVE,
	MOAT_SCREEN_ORDER,	/* another order */
	MOAT_SCREEN_HELP,	/* or, where that is shown, an end of it */
};

/**
 * moat_screen_show() - show a text
 * @title: stands in the first line
 * @text: lines; the first is the head, and stays. Kept until the next call
 *	  only if the caller keeps it.
 */
void moat_screen_show(const char *title, const char *text);

/**
 * moat_screen_key() - act on the next key that was pressed
 *
 * Return: what it asks for, if it is no key of the screen's own.
 */
enum moat_screen_wish moat_screen_key(void);

#endif
