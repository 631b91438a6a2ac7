/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A byte queue that grows: bytes enter at the tail and leave at the head. The
 * agent keeps one for every direction of every stream, so that a slow reader
 * never blocks another session.
 */
#ifndef LAB_BUFFER_H
#define LAB_BUFFER_H

#include <stddef.h>

struct buffer {
	unsigned char *data;
	size_t head;
	size_t tail;
	size_t size;
};

size_t buffer_len(const struct buffer *b);
unsigned char *buffer_head(struct buffer *b);
void buffer_add(struct buffer *b, const void *data, size_t len);
unsigned char *buffer_reserve(struct buffer *b, size_t len);
void buffer_commit(struct buffer *b, size_t len);
void buffer_drop(struct buffer *b, size_t len);
void buffer_free(struct buffer *b);

#endif
