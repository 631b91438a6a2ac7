/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's announcements of devices that come and go.
 */
#ifndef MOAT_UEVENT_H
#define MOAT_UEVENT_H

#include <stdbool.h>
#include <stddef.h>

/* Fields of one announcement; "" where it does not have one. */
struct moat_uevent {
	const char *action;
	const char *devpath;
	const char *subsystem;
	const char *devname;
	const char *modalias;
};

/**
 * moat_uevent_parse() - split an announcement into its fields
 * @buf: the message; buf[len] must be NUL; fields of @out point into it
 * @len: its length
 * @out: set on success
 *
 * Return: false if it is not a kernel's announcement.
 */
bool moat_uevent_parse(const char *buf, size_t len, struct moat_uevent *out);

/* Is it about hardware that the kernel is just finding? Others may follow. */
bool moat_uevent_is_hardware(const struct moat_uevent *ev);

/* Open the socket, non-blocking. Return: a file descriptor, or -errno. */
int moat_uevent_open(void);

/**
 * moat_uevent_next() - receive one announcement
 * @fd: the socket
 * @buf: where it is put; @out points into it
 * @size: of @buf
 *
 * Return: 1 and the announcement; 0 if there is none; -ENOBUFS if some were
 * lost, so that everything must be looked at again; other -errno.
 */
int moat_uevent_next(int fd, char *buf, size_t size, struct moat_uevent *out);

#endif
