// SPDX-License-Identifier: GPL-2.0
/*
 * Byte queue. Memory running out ends the agent: it serves tests only, and the
 * host reports its loss as such.
 */
#include "buffer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

size_t buffer_len(const struct buffer *b)
{
	return b->tail - b->head;
}

unsigned char *buffer_head(struct buffer *b)
{
	return b->data + b->head;
}

/* Returns room for @len bytes at the tail; buffer_commit() makes them count. */
unsigned char *buffer_reserve(struct buffer *b, size_t len)
{
	size_t used = buffer_len(b);

	if (b->size - b->tail >= len)
		return b->data + b->tail;
	if (b->head && b->size - used >= len && b->head >= used) {
		memcpy(b->data, b->data + b->head, used);
	} else {
		size_t size = 2 * (used + len);
		unsigned char *data = malloc(size);

		if (!data) {
			fprintf(stderr, "lab-agent: out of memory\n");
			exit(1);
		}
		if (used)
			memcpy(data, b->data + b->head, used);
		free(b->data);
		b->data = data;
		b->size = size;
	}
	b->head = 0;
	b->tail = used;
	return b->data + b->tail;
}

void buffer_commit(struct buffer *b, size_t len)
{
	b->tail += len;
}

void buffer_add(struct buffer *b, const void *data, size_t len)
{
	if (!len)
		return;
	memcpy(buffer_reserve(b, len), data, len);
	buffer_commit(b, len);
}

/* Forgets the first @len bytes; an empty large buffer gives its memory back. */
void buffer_drop(struct buffer *b, size_t len)
{
	b->head += len;
	if (b->head < b->tail)
		return;
	if (b->size > (1 << 20))
		buffer_free(b);
	b->head = 0;
	b->tail = 0;
}

void buffer_free(struct buffer *b)
{
	free(b->data);
	memset(b, 0, sizeof(*b));
}
