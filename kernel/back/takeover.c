// SPDX-License-Identifier: GPL-2.0
/*
 * Front ends whose back end dies under them: what they rely on, and whether that is kept.
 *
 * A front end that Moat did not write keeps nothing that it could issue again, and would
 * not know that it has to. But its rings and grants are given to a domain's id; a domain
 * that is made anew with the id of the dead one can go on with them, and the front end
 * sees nothing but late answers. core/journal.h has what that takes of the rings.
 *
 * It goes by what it was told when it connected, once and for all. So a note of that is
 * told (core/owed.h) which the toolstack keeps and hands to the next back end. That one
 * connects only where all of it is kept. Where it is not, be it for now or for good, the
 * front end is left alone: told that it is over it would believe that, and there is
 * nothing yet that an administrator could not put right.
 *
 * That there is such a note, and that the front end says Connected, is what makes this a
 * front end to be taken up; some say Connected also when they first connect.
 */
#include "takeover.h"

#include <linux/err.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <moat/keys.h>
#include <xen/interface/io/blkif.h>
#include <xen/xenbus.h>

#include "core/owed.h"
#include "disk.h"
#include "handshake.h"
#include "kernel/common/lookup.h"
#include "kernel/common/transact.h"

static_assert(MOAT_OWED_IDENTITY_MAX == MOAT_IDENTITY_MAX);

/* The note of what a front end in use relies on, to be freed with kfree(); NULL: it is not
 * in use. Return: 0, or -ENOMEM if it cannot be known now.
 */
static int read_note(struct xenbus_device *dev, char **text)
{
	enum xenbus_state state;
	int err;

	err = moat_lookup_state(dev->otherend, &state);
	if (err)
		return err;
	*text = NULL;
	return state == XenbusStateConnected ?
	       moat_lookup_text(dev->nodename, MOAT_KEY_OWED, text) : 0;
}

/**
 * moat_takeover_due() - does a front end use a disk whose back end has died?
 * @dev: the device
 *
 * Context: process, may sleep.
 * Return: whether it does, or may, for it cannot be known now.
 */
bool moat_takeover_due(struct xenbus_device *dev)
{
	char *text;
	bool due;

	if (read_note(dev, &text))
		return true;
	due = text;
	kfree(text);
	return due;
}

static int read_identity(struct xenbus_device *dev, struct moat_owed *owed)
{
	char *text;
	int err;

	err = moat_lookup_text(dev->nodename, MOAT_KEY_IDENTITY, &text);
	if (err)
		return err;
	strscpy(owed->identity, text ?: "", sizeof(owed->identity));
	kfree(text);
	return 0;
}

/* What there is. */
static int describe(struct xenbus_device *dev, const struct moat_disk *disk,
		    const struct moat_front *front, struct moat_owed *owed)
{
	const struct moat_offer *offer = &disk->offer;

	memset(owed, 0, sizeof(*owed));
	moat_owed_set(owed, MOAT_OWED_sectors, offer->capacity);
	moat_owed_set(owed, MOAT_OWED_block, offer->block_size);
	moat_owed_set(owed, MOAT_OWED_segments, offer->max_indirect);
	moat_owed_set(owed, MOAT_OWED_readonly, offer->readonly);
	moat_owed_set(owed, MOAT_OWED_flush, offer->flush);
	moat_owed_set(owed, MOAT_OWED_barrier, offer->barrier);
	moat_owed_set(owed, MOAT_OWED_discard, offer->discard);
	moat_owed_set(owed, MOAT_OWED_secure, offer->secure_discard);
	moat_owed_set(owed, MOAT_OWED_persistent, front->persistent);
	return read_identity(dev, owed);
}

/* Compare with a note, and go on as it was. */
static int take_up(const char *text, struct moat_front *front, struct moat_owed *owed,
		   const char **misfit)
{
	struct moat_owed *was = kmalloc(sizeof(*was), GFP_NOIO);

	if (!was)
		return -ENOMEM;
	front->in_use = true;
	*misfit = moat_owed_parse(text, was) ? "note" : moat_owed_misfit(was, owed);
	/* A page that it takes back behind each request must not stay mapped. */
	if (!*misfit && moat_owed_knows(was, MOAT_OWED_persistent))
		front->persistent &= was->number[MOAT_OWED_persistent] != 0;
	moat_owed_set(owed, MOAT_OWED_persistent, front->persistent);
	kfree(was);
	return *misfit ? -ESTALE : 0;
}

/**
 * moat_takeover_judge() - may the front end be connected?
 * @dev: the device
 * @disk: the disk, open
 * @front: what the front end asked for; what only its last back end knew is added
 * @owed: receives what it will rely on from now on
 * @misfit: receives the name of what is not as it has to be
 *
 * Context: process, may sleep.
 * Return: 0 if it may; -ESTALE if it uses the disk, and that is not what it was, with
 * @misfit written; or -ENOMEM if it cannot be known now.
 */
int moat_takeover_judge(struct xenbus_device *dev, const struct moat_disk *disk,
			struct moat_front *front, struct moat_owed *owed,
			const char **misfit)
{
	char *text;
	int err;

	err = describe(dev, disk, front, owed);
	if (!err)
		err = read_note(dev, &text);
	if (err || !text)
		return err;
	err = take_up(text, front, owed, misfit);
	kfree(text);
	return err;
}

static int remove_key(struct xenbus_transaction t, struct xenbus_device *dev,
		      const char *key)
{
	int err = xenbus_rm(t, dev->nodename, key);

	return err == -ENOENT ? 0 : err;
}

/* What a connected front end relies on. */
struct note {
	struct xenbus_device *dev;
	bool safe;
	char text[MOAT_OWED_TEXT];
};

/* A directory that is gone must not come back by this. */
static int write_note(struct xenbus_transaction t, void *data)
{
	const struct note *note = data;
	struct xenbus_device *dev = note->dev;
	int err;

	err = moat_transact_exists(t, dev);
	err = err ?: xenbus_write(t, dev->nodename, MOAT_KEY_OFFERED, note->text);
	err = err ?: xenbus_printf(t, dev->nodename, MOAT_KEY_SAFE, "%d", note->safe);
	err = err ?: remove_key(t, dev, MOAT_KEY_OWED);
	return err ?: remove_key(t, dev, MOAT_KEY_MISFIT);
}

/**
 * moat_takeover_tell() - say what a front end relies on, for the next back end
 * @dev: the device
 * @owed: that
 * @safe: what is answered outlives this domain
 *
 * Context: process, may sleep.
 * Return: 0; -ENOENT if the directory is gone; or another negative errno.
 */
int moat_takeover_tell(struct xenbus_device *dev, const struct moat_owed *owed, bool safe)
{
	struct note *note = kmalloc(sizeof(*note), GFP_NOIO);
	int err;

	if (!note)
		return -ENOMEM;
	note->dev = dev;
	note->safe = safe;
	moat_owed_format(owed, note->text);
	err = moat_transact(write_note, note);
	kfree(note);
	return err;
}

struct misfit {
	struct xenbus_device *dev;
	const char *text;
};

static int write_misfit(struct xenbus_transaction t, void *data)
{
	const struct misfit *misfit = data;
	struct xenbus_device *dev = misfit->dev;
	int err = moat_transact_exists(t, dev);
	char *told;
	bool same;

	if (err)
		return err;
	told = xenbus_read(t, dev->nodename, MOAT_KEY_MISFIT, NULL);
	same = !IS_ERR(told) && !strcmp(told, misfit->text);
	if (!IS_ERR(told))
		kfree(told);
	return same ? -EALREADY :
		      xenbus_write(t, dev->nodename, MOAT_KEY_MISFIT, misfit->text);
}

/**
 * moat_takeover_tell_misfit() - say why a front end is left alone
 * @dev: the device
 * @text: why
 *
 * Context: process, may sleep.
 * Return: 0; -EALREADY if it says so; -ENOENT if the directory is gone; or another
 * negative errno.
 */
int moat_takeover_tell_misfit(struct xenbus_device *dev, const char *text)
{
	struct misfit misfit = { dev, text };

	return moat_transact(write_misfit, &misfit);
}
