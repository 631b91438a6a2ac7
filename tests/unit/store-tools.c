// SPDX-License-Identifier: GPL-2.0
/*
 * tools/lib/store.c: the xenstore client, against a daemon made of prepared
 * answers: they are put into the socket before the question is asked, so no
 * second process is needed.
 */
#include "lib/store.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

struct daemon {
	char path[64];
	int listener, fd;
	struct moat_store *store;
};

static int start(void **state)
{
	struct daemon *d = calloc(1, sizeof(*d));
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	snprintf(d->path, sizeof(d->path), "/tmp/store-tools.%d", getpid());
	strcpy(addr.sun_path, d->path);
	unlink(d->path);
	d->listener = socket(AF_UNIX, SOCK_STREAM, 0);
	if (bind(d->listener, (struct sockaddr *)&addr, sizeof(addr)) ||
	    listen(d->listener, 1) || moat_store_open(&d->store, d->path))
		return -1;
	d->fd = accept(d->listener, NULL, NULL);
	*state = d;
	return d->fd < 0;
}

static int stop(void **state)
{
	struct daemon *d = *state;

	moat_store_close(d->store);
	if (d->fd >= 0)
		close(d->fd);
	close(d->listener);
	unlink(d->path);
	free(d);
	return 0;
}

/* Put a message into the socket. */
static void say(struct daemon *d, unsigned int type, const void *body,
		unsigned int len)
{
	struct xsd_sockmsg head = { .type = type, .len = len };

	assert_int_equal(write(d->fd, &head, sizeof(head)), sizeof(head));
	if (len)
		assert_int_equal(write(d->fd, body, len), len);
}

#define SAY(d, type, text) say(d, type, text, sizeof(text) - 1)

/* Take the request that was made out of the socket, and compare it. */
static void expect(struct daemon *d, unsigned int type, const void *body,
		   unsigned int len)
{
	struct xsd_sockmsg head;
	char got[XENSTORE_PAYLOAD_MAX];

	assert_int_equal(read(d->fd, &head, sizeof(head)), sizeof(head));
	assert_int_equal(head.type, type);
	assert_int_equal(head.len, len);
	assert_in_range(len, 1, sizeof(got));
	assert_int_equal(read(d->fd, got, len), len);
	assert_memory_equal(got, body, len);
}

#define EXPECT(d, type, text) expect(d, type, text, sizeof(text) - 1)

static void reads(void **state)
{
	struct daemon *d = *state;
	char buf[8];

	SAY(d, XS_READ, "12345");
	assert_int_equal(moat_store_read(d->store, "a/b", buf, sizeof(buf)), 5);
	assert_string_equal(buf, "12345");
	EXPECT(d, XS_READ, "a/b\0");
	SAY(d, XS_READ, "");
	assert_int_equal(moat_store_read(d->store, "a", buf, sizeof(buf)), 0);
	assert_string_equal(buf, "");
	SAY(d, XS_READ, "12345678");
	assert_int_equal(moat_store_read(d->store, "a", buf, sizeof(buf)),
			 -E2BIG);
	SAY(d, XS_ERROR, "ENOENT\0");
	assert_int_equal(moat_store_read(d->store, "a", buf, sizeof(buf)),
			 -ENOENT);
	SAY(d, XS_ERROR, "EFUNNY\0");
	assert_int_equal(moat_store_read(d->store, "a", buf, sizeof(buf)),
			 -EIO);
}

/* As the kernel's device answers where a domain has all the watches it may have. */
static void refused_by_write(void **state)
{
	struct moat_store *store;
	int err;

	(void)state;
	assert_int_equal(moat_store_open(&store, "/dev/full"), 0);
	err = moat_store_watch(store, "a", "token");
	assert_int_equal(err, -ENOSPC);
	assert_false(moat_store_is_lost(err));
	moat_store_close(store);
}

static void lists(void **state)
{
	struct daemon *d = *state;
	char buf[MOAT_STORE_VALUE];

	SAY(d, XS_DIRECTORY, "51712\0" "51728\0");
	assert_int_equal(moat_store_list(d->store, "x", buf, sizeof(buf)), 2);
	assert_memory_equal(buf, "51712\0" "51728\0", 13);
	SAY(d, XS_DIRECTORY, "");
	assert_int_equal(moat_store_list(d->store, "x", buf, sizeof(buf)), 0);
	assert_int_equal(buf[0], 0);
	SAY(d, XS_DIRECTORY, "unterminated");
	assert_int_equal(moat_store_list(d->store, "x", buf, sizeof(buf)),
			 -EPROTO);
}

static void writes(void **state)
{
	struct daemon *d = *state;
	char big[XENSTORE_PAYLOAD_MAX + 1];

	SAY(d, XS_WRITE, "OK\0");
	assert_int_equal(moat_store_write(d->store, "k", "v"), 0);
	EXPECT(d, XS_WRITE, "k\0v");
	memset(big, 'x', sizeof(big));
	big[sizeof(big) - 1] = '\0';
	assert_int_equal(moat_store_write(d->store, "k", big), -E2BIG);
}

/* Events that come before a reply are kept, in order, and announced. */
static void events(void **state)
{
	struct daemon *d = *state;
	struct moat_store_event ev;
	char buf[8];

	assert_int_equal(moat_store_event(d->store, &ev), 0);
	SAY(d, XS_WATCH_EVENT, "path/1\0tok\0");
	SAY(d, XS_WATCH_EVENT, "path/2\0\0");
	SAY(d, XS_READ, "v");
	SAY(d, XS_WATCH_EVENT, "path/3\0tok\0");
	assert_false(moat_store_pending(d->store));
	assert_int_equal(moat_store_read(d->store, "a", buf, sizeof(buf)), 1);
	assert_true(moat_store_pending(d->store));
	assert_int_equal(moat_store_event(d->store, &ev), 1);
	assert_string_equal(ev.path, "path/1");
	assert_string_equal(ev.token, "tok");
	assert_int_equal(moat_store_event(d->store, &ev), 1);
	assert_string_equal(ev.path, "path/2");
	assert_string_equal(ev.token, "");
	assert_false(moat_store_pending(d->store));
	assert_int_equal(moat_store_event(d->store, &ev), 1);
	assert_string_equal(ev.path, "path/3");
	assert_int_equal(moat_store_event(d->store, &ev), 0);
}

static void broken_events(void **state)
{
	static const struct {
		const char *body;
		unsigned int len;
	} bad[] = {
		{ "", 0 }, { "path", 4 }, { "path\0", 5 }, { "path\0tok", 8 },
	};
	struct moat_store_event ev;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct daemon *d = *state;

		say(d, XS_WATCH_EVENT, bad[i].body, bad[i].len);
		assert_int_equal(moat_store_event(d->store, &ev), -EPROTO);
	}
}

/* A message that comes in pieces is put together. */
static void pieces(void **state)
{
	struct daemon *d = *state;
	struct moat_store_event ev;
	struct {
		struct xsd_sockmsg head;
		char body[8];
	} msg = { { .type = XS_WATCH_EVENT, .len = 8 }, "p/1\0tok" };

	for (size_t i = 0; i < sizeof(msg); i++) {
		assert_int_equal(moat_store_event(d->store, &ev), 0);
		assert_int_equal(write(d->fd, (char *)&msg + i, 1), 1);
	}
	assert_int_equal(moat_store_event(d->store, &ev), 1);
	assert_string_equal(ev.path, "p/1");
	assert_string_equal(ev.token, "tok");
}

static void transactions(void **state)
{
	struct daemon *d = *state;

	SAY(d, XS_TRANSACTION_START, "42\0");
	assert_int_equal(moat_store_begin(d->store), 0);
	SAY(d, XS_ERROR, "EAGAIN\0");
	assert_int_equal(moat_store_commit(d->store), -EAGAIN);
	EXPECT(d, XS_TRANSACTION_START, "\0");
	EXPECT(d, XS_TRANSACTION_END, "T\0");
	SAY(d, XS_TRANSACTION_START, "nonsense\0");
	assert_int_equal(moat_store_begin(d->store), -EPROTO);
}

static void lost(void **state)
{
	struct daemon *d = *state;
	struct moat_store_event ev;
	char buf[8];

	/* a reply to something else, and a length beyond the protocol's */
	SAY(d, XS_WRITE, "OK\0");
	assert_int_equal(moat_store_read(d->store, "a", buf, sizeof(buf)),
			 -EPROTO);
	close(d->fd);
	d->fd = -1;
	assert_int_equal(moat_store_event(d->store, &ev), -EPIPE);
	assert_int_equal(moat_store_read(d->store, "a", buf, sizeof(buf)),
			 -EPIPE);
}

static void too_long(void **state)
{
	struct daemon *d = *state;
	struct xsd_sockmsg head = { .type = XS_READ,
				    .len = XENSTORE_PAYLOAD_MAX + 1 };
	char buf[8];

	assert_int_equal(write(d->fd, &head, sizeof(head)), sizeof(head));
	assert_int_equal(moat_store_read(d->store, "a", buf, sizeof(buf)),
			 -EPROTO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(reads, start, stop),
		cmocka_unit_test_setup_teardown(lists, start, stop),
		cmocka_unit_test(refused_by_write),
		cmocka_unit_test_setup_teardown(writes, start, stop),
		cmocka_unit_test_setup_teardown(events, start, stop),
		cmocka_unit_test_setup_teardown(broken_events, start, stop),
		cmocka_unit_test_setup_teardown(pieces, start, stop),
		cmocka_unit_test_setup_teardown(transactions, start, stop),
		cmocka_unit_test_setup_teardown(lost, start, stop),
		cmocka_unit_test_setup_teardown(too_long, start, stop),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
