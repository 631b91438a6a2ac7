/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A terminal that shows a text with a head line, larger than itself if need
 * be; the arrow keys move over it.
 */
#ifndef MOAT_SCREEN_H
#define MOAT_SCREEN_H

#include <stdbool.h>

/**
 * moat_screen_open() - take the terminal
 *
 * Return: 0, or -ENOTTY if it cannot be used in this way.
 */
int moat_screen_open(void);

/* Give it back as it was; may be called twice. */
void moat_screen_close(void);

/**
 * moat_screen_show() - show a text
 * @title: stands in the first line
 * @text: lines; the first is the head, and stays. Kept until the next call
 *	  only if the caller keeps it.
 */
void moat_screen_show(const char *title, const char *text);

/**
 * moat_screen_key() - act on the keys that were pressed
 *
 * Return: true if the user wants to leave. What is shown may have to be shown
 * again in any case.
 */
bool moat_screen_key(void);

#endif
