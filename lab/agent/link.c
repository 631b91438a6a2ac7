// SPDX-License-Identifier: GPL-2.0
/*
 * Links: framing on top of a file descriptor or a vchan, never blocking.
 */
#include "link.h"

#include <errno.h>
#include <fcntl.h>
#include <libxenvchan.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { RING_BYTES = 65536, PULL_BYTES = 65536 };

static struct link *link_new(int fd, struct libxenvchan *vchan)
{
	struct link *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->fd = fd;
	l->vchan = vchan;
	return l;
}

struct link *link_open_fd(int fd)
{
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	return link_new(fd, NULL);
}

static struct link *link_new_vchan(struct libxenvchan *vchan)
{
	if (!vchan)
		return NULL;
	vchan->blocking = 0;
	return link_new(libxenvchan_fd_for_select(vchan), vchan);
}

/* Offers a vchan to dom0 at @xs_path, relative to this domain's directory. */
struct link *link_listen(const char *xs_path)
{
	return link_new_vchan(libxenvchan_server_init(NULL, 0, xs_path,
						      RING_BYTES, RING_BYTES));
}

struct link *link_connect(int domid, const char *xs_path)
{
	return link_new_vchan(libxenvchan_client_init(NULL, domid, xs_path));
}

void link_close(struct link *l)
{
	if (!l)
		return;
	if (l->vchan)
		libxenvchan_close(l->vchan);
	else
		close(l->fd);
	buffer_free(&l->in);
	buffer_free(&l->out);
	free(l);
}

static void put_word(unsigned char *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = v >> (8 * i);
}

static uint32_t get_word(const unsigned char *p)
{
	return p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24;
}

void link_send(struct link *l, uint32_t type, uint32_t session,
	       const void *payload, size_t len)
{
	unsigned char header[FRAME_HEADER];

	put_word(header, len);
	put_word(header + 4, session);
	put_word(header + 8, type);
	buffer_add(&l->out, header, sizeof(header));
	buffer_add(&l->out, payload, len);
}

short link_events(const struct link *l)
{
	if (l->vchan)
		return POLLIN;
	return POLLIN | (buffer_len(&l->out) ? POLLOUT : 0);
}

/* Reads until the other side has nothing more to give just now. */
static void pull(struct link *l)
{
	ssize_t n;

	do {
		unsigned char *room = buffer_reserve(&l->in, PULL_BYTES);

		if (l->vchan)
			n = libxenvchan_read(l->vchan, room, PULL_BYTES);
		else
			n = read(l->fd, room, PULL_BYTES);
		if (n > 0)
			buffer_commit(&l->in, n);
	} while (n > 0);
	/* A virtio port reads as end of file while the host is away: not an end. */
	if (n < 0 && (l->vchan || (errno != EAGAIN && errno != EINTR)))
		l->broken = true;
}

/* Writes what the other side has room for; the rest waits for its event. */
void link_flush(struct link *l)
{
	ssize_t n = 0;

	while (!l->broken && buffer_len(&l->out)) {
		if (l->vchan)
			n = libxenvchan_write(l->vchan, buffer_head(&l->out),
					      buffer_len(&l->out));
		else
			n = write(l->fd, buffer_head(&l->out), buffer_len(&l->out));
		if (n <= 0)
			break;
		buffer_drop(&l->out, n);
	}
	if (n < 0 && (l->vchan || (errno != EAGAIN && errno != EINTR)))
		l->broken = true;
}

/*
 * Moves bytes both ways. For a vchan the event must be taken (which also unmasks
 * it) before looking at the ring: an event sent after the look makes the
 * descriptor readable again.
 */
void link_pump(struct link *l, short revents)
{
	if (l->vchan && (revents & POLLIN))
		libxenvchan_wait(l->vchan);
	if (l->vchan || (revents & (POLLIN | POLLERR)))
		pull(l);
	link_flush(l);
	if (l->vchan && !libxenvchan_is_open(l->vchan))
		l->broken = true;
}

/* Looks at the next whole frame; link_done() takes it off the queue. */
bool link_next(struct link *l, struct frame *f)
{
	unsigned char *p = buffer_head(&l->in);

	if (l->broken || buffer_len(&l->in) < FRAME_HEADER)
		return false;
	f->len = get_word(p);
	f->session = get_word(p + 4);
	f->type = get_word(p + 8);
	f->payload = p + FRAME_HEADER;
	if (f->len > FRAME_MAX) {
		l->broken = true;
		return false;
	}
	return buffer_len(&l->in) - FRAME_HEADER >= f->len;
}

void link_done(struct link *l, const struct frame *f)
{
	buffer_drop(&l->in, FRAME_HEADER + f->len);
}
