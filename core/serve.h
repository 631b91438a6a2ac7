/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a back end does next for a disk, and how soon.
 *
 * The toolstack names the device and says when it is not wanted any more; the
 * front end comes and goes as it likes, in whatever order; the disk may take its
 * time to open, and to finish what is under way. The decision is made from how
 * things stand, not from what has happened: so events may be lost or come twice.
 *
 *                  BEGIN
 *     WAITING <------------------------ CLOSED <--+
 *      |   ^                               ^      |
 * OPEN |   | busy elsewhere, no memory;    |      |
 *      v   | no memory to connect, or the  |      | CLOSE
 *     OPENING  front end is to be left     |      |
 *      |   |   alone             CLOSE     |      |
 *      |   \  cannot be opened             |      |
 *      v    \                              |      |
 *     OPEN   +---------------> ENDING -----+      |
 *      |      END, cannot be    ^  drained, and   |
 *      |      connected         |  the front end  |
 *      +------------------------+  is closed too  |
 *      | CONNECT                |                 |
 *      v      END               |                 |
 *     CONNECTED ----------------+     WAITING ----+
 *
 * A front end that uses a disk whose last back end has died, and that does not know, is
 * taken up as it is. Where that cannot be done, for now or for good, it is left alone: told
 * that it is over, it would believe that.
 *
 * A front end that comes and goes in a loop is made to wait: a connection costs
 * more to make than to ask for.
 */
#ifndef MOAT_CORE_SERVE_H
#define MOAT_CORE_SERVE_H

#include "env.h"

/* Where a back end stands; in brackets what xenstore says. */
enum moat_serve_state {
	MOAT_SERVE_WAITING,	/* no disk [InitWait] */
	MOAT_SERVE_OPENING,	/* the disk is being opened [InitWait] */
	MOAT_SERVE_OPEN,	/* it is open; no rings [InitWait] */
	MOAT_SERVE_CONNECTED,	/* rings are served [Connected] */
	MOAT_SERVE_ENDING,	/* rings and disk are being given back, or have been and
				 * the front end is waited for [Closing]
				 */
	MOAT_SERVE_CLOSED,	/* nothing is held [Closed] */
};

/* What the front end says of itself. */
enum moat_serve_front {
	MOAT_SERVE_FRONT_GONE,	/* nothing: its directory is not there */
	MOAT_SERVE_FRONT_BEGINS,	/* it wants to be offered something */
	MOAT_SERVE_FRONT_READY,	/* its rings are there */
	MOAT_SERVE_FRONT_CLOSING,
	MOAT_SERVE_FRONT_CLOSED,
	MOAT_SERVE_FRONT_OTHER,	/* on its way from one to another */
};

/**
 * struct moat_serve_view - how things stand
 * @front: the front end
 * @online: the toolstack wants the disk
 * @named: it has named the device
 * @busy: the disk is being opened or given back
 * @broken: the front end broke the protocol, on the last connection
 * @early: nothing may be begun or opened yet
 * @spent: what the front end had begun before the end has been used up: where it
 *	begins now, that is anew, and not what has just failed
 */
struct moat_serve_view {
	enum moat_serve_front front;
	bool online;
	bool named;
	bool busy;
	bool broken;
	bool early;
	bool spent;
};

enum moat_serve_action {
	MOAT_SERVE_NOTHING,	/* something will change, and be noticed */
	MOAT_SERVE_REST,	/* look again when it is not too early any more */
	MOAT_SERVE_BEGIN,	/* make an offer */
	MOAT_SERVE_OPEN_DISK,
	MOAT_SERVE_CONNECT,
	MOAT_SERVE_END,		/* give rings and disk back */
	MOAT_SERVE_CLOSE,	/* say that it is over */
};

/* Is the front end through with the connection? */
static inline bool moat_serve_left(enum moat_serve_front front)
{
	return front == MOAT_SERVE_FRONT_CLOSED || front == MOAT_SERVE_FRONT_GONE;
}

/**
 * moat_serve_decide() - what is to be done?
 * @state: where the back end stands
 * @view: how things stand
 */
static inline enum moat_serve_action moat_serve_decide(enum moat_serve_state state,
						       const struct moat_serve_view *view)
{
	if (view->busy)
		return MOAT_SERVE_NOTHING;
	switch (state) {
	case MOAT_SERVE_WAITING:
		if (!view->online)
			return MOAT_SERVE_CLOSE;
		if (!view->named)
			return MOAT_SERVE_NOTHING;
		return view->early ? MOAT_SERVE_REST : MOAT_SERVE_OPEN_DISK;
	case MOAT_SERVE_OPENING:
		break;
	case MOAT_SERVE_OPEN:
		/* A front end that has not begun may still come. */
		if (!view->online)
			return MOAT_SERVE_END;
		if (view->front == MOAT_SERVE_FRONT_READY)
			return MOAT_SERVE_CONNECT;
		break;
	case MOAT_SERVE_CONNECTED:
		/* One that is not wanted any more ends by its front end's leave. One
		 * that begins has left, be it seen or not.
		 */
		if (view->broken || view->front == MOAT_SERVE_FRONT_CLOSING ||
		    view->front == MOAT_SERVE_FRONT_BEGINS || moat_serve_left(view->front))
			return MOAT_SERVE_END;
		break;
	case MOAT_SERVE_ENDING:
		if (view->broken || !view->online || moat_serve_left(view->front))
			return MOAT_SERVE_CLOSE;
		if (view->front == MOAT_SERVE_FRONT_BEGINS && view->spent)
			return MOAT_SERVE_CLOSE;
		break;
	case MOAT_SERVE_CLOSED:
		/* Again: the toolstack asks by writing something else over it. */
		if (!view->online || moat_serve_left(view->front))
			return MOAT_SERVE_CLOSE;
		if (view->front == MOAT_SERVE_FRONT_BEGINS)
			return view->early ? MOAT_SERVE_REST : MOAT_SERVE_BEGIN;
		break;
	}
	return MOAT_SERVE_NOTHING;
}

/* So many failures in a row are nobody's fault. */
#define MOAT_SERVE_FREE 3u
#define MOAT_SERVE_REST_MS 100u
#define MOAT_SERVE_REST_MAX_MS 2000u

/**
 * moat_serve_rest_ms() - how long to wait before the next attempt
 * @failures: attempts in a row that came to nothing
 *
 * Return: milliseconds.
 */
static inline u32 moat_serve_rest_ms(u32 failures)
{
	u32 ms = MOAT_SERVE_REST_MS;
	u32 i;

	if (failures < MOAT_SERVE_FREE)
		return 0;
	for (i = MOAT_SERVE_FREE; i < failures && ms < MOAT_SERVE_REST_MAX_MS; i++)
		ms *= 2;
	return ms < MOAT_SERVE_REST_MAX_MS ? ms : MOAT_SERVE_REST_MAX_MS;
}

#endif
