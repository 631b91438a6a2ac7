// SPDX-License-Identifier: GPL-2.0
/*
 * The back end of one disk of one front end: its life between the toolstack,
 * which makes and removes it, and the front end, which comes and goes.
 *
 * Whatever happens in xenstore or on a ring only has a work run. It looks at how
 * things stand; core/serve.h decides from that what is missing, and has the
 * states drawn; the work does it. So events may be lost, or come twice.
 *
 * Three threads of control, so that none waits for what is not its own:
 *
 *   xenbus's one thread, which serves all devices of the domain, waits for @work
 *   to end and for nothing else. The removal of the device has to happen there, or
 *   it would race with xenbus's own: see backend_node_changed().
 *
 *   @work talks to xenstore, and never waits for a disk. A few run at a time in the
 *   whole domain, so that front ends that come and go in a loop do not keep the
 *   pollers from their CPUs.
 *
 *   @disk_work waits for the disk as long as that takes, and never talks to
 *   xenstore. When the device is removed what it holds is left to it; nobody else
 *   is given the disk before (disk.c).
 */
#include "backend.h"

#include <linux/module.h>
#include <linux/ratelimit.h>
#include <linux/slab.h>
#include <linux/string.h>

#include <moat/keys.h>

#include "kernel/common/control.h"
#include "kernel/common/lookup.h"
#include "kernel/common/transact.h"
#include "params.h"
#include "takeover.h"

/* Works that talk to xenstore at a time. */
#define BACKEND_WORKERS 2

/* A connection that lasts so long was no attempt that came to nothing. */
#define BACKEND_LASTS (10 * HZ)

/* A device that is in use is waited for quietly so many times: it may be with a
 * back end that is on its way out.
 */
#define BACKEND_QUIET_TRIES 4

/* When to look again at what could not be known for want of memory. */
#define BACKEND_LOOK_RETRY (HZ / 50 ?: 1)

/* When what could not be told is tried again: doubled each time, up to so long. By
 * then it may be no passing reason, and people are told.
 */
#define BACKEND_TELL_RETRY (HZ / 10 ?: 1)
#define BACKEND_TELL_DOUBLED 5u

static struct workqueue_struct *backend_wq;
static struct workqueue_struct *backend_disk_wq;

/* ---- the disk's side ---- */

static void backend_release(struct kref *ref)
{
	struct moat_backend *backend = container_of(ref, struct moat_backend, ref);

	put_device(&backend->dev->dev);
	moat_rings_deinit(&backend->rings);
	kfree(backend);
}

/* Give back what is held. Waits for what is under way on the disk. */
static void backend_drain(struct moat_backend *backend)
{
	moat_rings_drain(&backend->rings);
	moat_disk_close(&backend->disk);
}

static void backend_disk_run(struct work_struct *work)
{
	struct moat_backend *backend = container_of(work, struct moat_backend, disk_work);

	might_sleep();
	if (backend->state == MOAT_SERVE_OPENING && !READ_ONCE(backend->removing))
		backend->open_err = moat_disk_open(&backend->disk, &backend->wish);
	else
		backend_drain(backend);
	/* Whoever sees it sees what has been done. */
	smp_store_release(&backend->busy, false);
	moat_backend_attend(backend);
	/* Until they stopped, rings could ask for it, too. */
	if (READ_ONCE(backend->removing))
		cancel_delayed_work_sync(&backend->work);
	kref_put(&backend->ref, backend_release);
}

/* Have it run, once more if it is running. */
static void backend_start_disk_work(struct moat_backend *backend)
{
	WRITE_ONCE(backend->busy, true);
	kref_get(&backend->ref);
	if (!queue_work(backend_disk_wq, &backend->disk_work))
		kref_put(&backend->ref, backend_release);
}

/* Have rings and disk given back, whatever there is of them. */
static void backend_shut(struct moat_backend *backend)
{
	moat_rings_leave(&backend->rings);
	moat_sysfs_remove_rings(backend->sysfs);
	backend_start_disk_work(backend);
}

/* ---- what xenstore is told ---- */

/* A directory that is gone must not come back by this. */
static int backend_write_closed(struct xenbus_transaction t, void *data)
{
	const struct moat_backend *backend = data;
	const struct xenbus_device *dev = backend->dev;
	int state = XenbusStateUnknown, ret;

	ret = xenbus_scanf(t, dev->nodename, "state", "%d", &state);
	if (ret < 0 && ret != -ERANGE)
		return ret;
	if (state == XenbusStateClosed && !READ_ONCE(backend->unsure))
		return -ENOENT;
	return xenbus_printf(t, dev->nodename, "state", "%d", XenbusStateClosed);
}

static int backend_tell_offer(struct moat_backend *backend)
{
	u32 path = READ_ONCE(backend->tune.data_path);

	return moat_handshake_offer(backend->dev, path == MOAT_PATH_AUTO ||
				    path == MOAT_PATH_PERSISTENT, &backend->offered);
}

/* Does what we answer outlive this domain? */
static bool backend_is_safe(const struct moat_backend *backend)
{
	return !backend->disk.forgets ||
	       READ_ONCE(backend->tune.writethrough) != MOAT_WRITETHROUGH_OFF;
}

static int backend_tell_note(struct moat_backend *backend)
{
	if (!backend->relies)
		return 0;
	backend->safe = backend_is_safe(backend);
	return moat_takeover_tell(backend->dev, &backend->owed, backend->safe);
}

static int backend_tell_size(struct moat_backend *backend)
{
	int err;

	if (!backend->resized)
		return 0;
	err = moat_handshake_announce_size(backend->dev, backend->size);
	if (!err)
		backend->resized = false;
	return err;
}

/* A state that we show already. */
static int backend_tell_again(struct moat_backend *backend)
{
	int err;

	switch (backend->show) {
	case XenbusStateConnected:
		return backend_tell_size(backend) ?: backend_tell_note(backend);
	case XenbusStateClosed:
		/* The toolstack asks for it by writing Closing over it. */
		err = moat_transact(backend_write_closed, backend);
		if (!err)
			WRITE_ONCE(backend->unsure, false);
		return err;
	default:
		return 0;
	}
}

/* What a front end reads when it sees a state is written before. */
static int backend_tell(struct moat_backend *backend)
{
	struct xenbus_device *dev = backend->dev;
	int err = 0;

	if (dev->state == backend->show)
		return backend_tell_again(backend);
	if (backend->show == XenbusStateInitWait)
		err = backend_tell_offer(backend);
	else if (backend->show == XenbusStateConnected)
		err = moat_handshake_announce(dev, &backend->disk) ?:
		      backend_tell_note(backend);
	return err ?: moat_transact_state(dev, backend->show);
}

/* Show a state. What cannot be told now, for want of memory or of a transaction, is
 * told before anything else is done. Return: 0; or -ENOENT, also where our directory is
 * gone, and so will the device be.
 */
static int backend_show(struct moat_backend *backend, enum xenbus_state state)
{
	int err;

	backend->show = state;
	err = backend_tell(backend);
	if (!err || err == -ENOENT) {
		backend->untold = 0;
		return err;
	}
	if (!backend->untold)
		dev_warn_ratelimited(&backend->dev->dev, "not told yet, to be tried again: %d\n",
				     err);
	else if (backend->untold == BACKEND_TELL_DOUBLED)
		xenbus_dev_error(backend->dev, err, "cannot tell what is to be told; trying on");
	mod_delayed_work(backend_wq, &backend->work, (unsigned long)BACKEND_TELL_RETRY <<
			 min(backend->untold, BACKEND_TELL_DOUBLED));
	backend->untold += backend->untold <= BACKEND_TELL_DOUBLED;
	return 0;
}

/* ---- from one state to the next ---- */

static void backend_enter(struct moat_backend *backend, enum moat_serve_state state)
{
	WRITE_ONCE(backend->state, state);
}

/* The connection, or what was to become one, is over. */
static void backend_enter_ending(struct moat_backend *backend)
{
	if (backend->state == MOAT_SERVE_CONNECTED &&
	    time_after(jiffies, backend->connected + BACKEND_LASTS))
		backend->failures = 0;
	else if (backend->failures < U32_MAX)
		backend->failures++;
	backend->not_before = jiffies +
			      msecs_to_jiffies(moat_serve_rest_ms(backend->failures));
	backend->spent = backend->state == MOAT_SERVE_CONNECTED ||
			 backend->front != MOAT_SERVE_FRONT_BEGINS;
	backend_enter(backend, MOAT_SERVE_ENDING);
	backend_shut(backend);
}

/* Not taken up, and not told: see kernel/back/takeover.c. Tried again, less and less often,
 * for who has made the device may make it what it was.
 */
static void backend_leave_alone(struct moat_backend *backend, int err, const char *what)
{
	const char *name = backend->misfit ?: "connection";
	char text[128];

	if (backend->failures < U32_MAX)
		backend->failures++;
	backend->not_before = jiffies + msecs_to_jiffies(
		moat_serve_rest_ms(MOAT_SERVE_FREE + backend->failures));
	snprintf(text, sizeof(text), "%s: %s (%d)", name, what, err);
	if (!moat_takeover_tell_misfit(backend->dev, text))
		xenbus_dev_error(backend->dev, err,
				 "%s: %s; the front end uses the disk and is left alone",
				 name, what);
	backend->misfit = NULL;
	backend_enter(backend, MOAT_SERVE_WAITING);
	backend_shut(backend);
}

/* Most failures are the front end's doing, and it may try again and again. With no
 * words nothing is told: our directory is gone, and so will the device be.
 */
static void backend_fail(struct moat_backend *backend, int err, const char *what)
{
	static DEFINE_RATELIMIT_STATE(limit, DEFAULT_RATELIMIT_INTERVAL,
				      DEFAULT_RATELIMIT_BURST);
	/* What cannot be mapped xenbus has told, and said Closing. */
	bool told = backend->dev->state == XenbusStateClosing;

	if (what && backend->state != MOAT_SERVE_CONNECTED && moat_takeover_due(backend->dev)) {
		backend_leave_alone(backend, err, what);
		return;
	}
	backend_enter_ending(backend);
	if (what && !told && __ratelimit(&limit))
		xenbus_dev_error(backend->dev, err, "%s", what);
	backend_show(backend, XenbusStateClosing);
}

/* For want of memory it cannot go on now. The front end hears nothing of it, and finds its
 * rings taken up a little later.
 */
static void backend_fall_short(struct moat_backend *backend, int err)
{
	u32 rest = moat_serve_rest_ms(MOAT_SERVE_FREE + backend->shortages);

	if (!backend->shortages++)
		dev_warn_ratelimited(&backend->dev->dev,
				     "not connected yet, to be tried again: %d\n", err);
	backend->not_before = jiffies + msecs_to_jiffies(rest);
	backend_enter(backend, MOAT_SERVE_WAITING);
}

static void backend_begin(struct moat_backend *backend)
{
	backend->broken = false;
	backend_enter(backend, MOAT_SERVE_WAITING);
	if (backend_show(backend, XenbusStateInitWait))
		backend_fail(backend, -ENOENT, NULL);
}

static void backend_open_disk(struct moat_backend *backend)
{
	if (backend->wish.cdrom) {
		backend_fail(backend, -ENODEV,
			     "CD-ROM drives are not served; attach the medium as a disk");
		return;
	}
	backend_enter(backend, MOAT_SERVE_OPENING);
	backend_start_disk_work(backend);
}

/* It may become free: moat-init waits for it, too. */
static void backend_wait_for_disk(struct moat_backend *backend)
{
	u32 rest = moat_serve_rest_ms(MOAT_SERVE_FREE + backend->in_use);

	if (++backend->in_use == BACKEND_QUIET_TRIES)
		xenbus_dev_error(backend->dev, -EBUSY, "the device is in use; waiting for it");
	backend->not_before = jiffies + msecs_to_jiffies(rest);
	backend_enter(backend, MOAT_SERVE_WAITING);
}

/* The disk work has done what it was to do. */
static void backend_opened(struct moat_backend *backend)
{
	if (backend->open_err == -EBUSY) {
		backend_wait_for_disk(backend);
		return;
	}
	backend->in_use = 0;
	if (backend->open_err == -ENOMEM)
		backend_fall_short(backend, -ENOMEM);
	else if (backend->open_err)
		backend_fail(backend, backend->open_err,
			     moat_disk_open_error(backend->open_err));
	else
		backend_enter(backend, MOAT_SERVE_OPEN);
}

/* What the front end asks for, and what it relies on; then its rings. Return: 0, or a
 * negative errno and what was wrong.
 */
static int backend_take_up(struct moat_backend *backend, const char **what)
{
	struct moat_front front;
	int err;

	*what = "cannot serve what the front end asks for";
	err = moat_handshake_read_front(backend->dev, &backend->offered,
					backend->disk.offer.block_size, &front);
	if (err)
		return err;
	backend->relies = !front.recovers;
	*what = "not what the front end was given";
	err = moat_takeover_judge(backend->dev, &backend->disk, &front, &backend->owed,
				  &backend->misfit);
	if (err)
		return err;
	*what = "cannot take up the front end's rings";
	return moat_rings_open(&backend->rings, &backend->host, backend->sysfs, &front);
}

static void backend_connect(struct moat_backend *backend)
{
	const char *what;
	int err = backend_take_up(backend, &what);

	if (err == -ENOMEM) {
		backend_fall_short(backend, err);
		backend_shut(backend);
		return;
	}
	if (err) {
		backend_fail(backend, err, what);
		return;
	}
	backend->shortages = 0;
	backend->connected = jiffies;
	backend_enter(backend, MOAT_SERVE_CONNECTED);
	if (backend_show(backend, XenbusStateConnected))
		backend_fail(backend, -ENOENT, NULL);
}

/* One that has left is told when it is over, and so is one that begins anew: it would take
 * what is said of the old connection for a word on its next. Anybody else is told that it
 * will be.
 */
static void backend_end(struct moat_backend *backend, enum moat_serve_front front)
{
	backend_enter_ending(backend);
	if (!moat_serve_left(front) && front != MOAT_SERVE_FRONT_BEGINS)
		backend_show(backend, XenbusStateClosing);
}

static void backend_close(struct moat_backend *backend)
{
	backend_enter(backend, MOAT_SERVE_CLOSED);
	backend_show(backend, XenbusStateClosed);
}

/* ---- the disk, as it is now ---- */

static void backend_resize(struct moat_backend *backend, u64 sectors)
{
	backend->size = sectors;
	backend->resized = true;
	if (sectors)
		moat_owed_set(&backend->owed, MOAT_OWED_sectors, sectors);
	backend_show(backend, XenbusStateConnected);
}

/* A front end that cannot go on elsewhere is spared a disk of no size. */
static void backend_lost_disk(struct moat_backend *backend)
{
	struct xenbus_device *dev = backend->dev;
	bool recovers;

	xenbus_dev_error(dev, -ENODEV, "the disk has gone");
	if (backend->state != MOAT_SERVE_CONNECTED)
		return;
	/* One of which it cannot be known is spared it, too. */
	if (!moat_handshake_recovers(dev, &backend->offered, &recovers) && recovers)
		backend_resize(backend, 0);
}

static void backend_look_at_disk(struct moat_backend *backend)
{
	if (!moat_disk_changed(&backend->disk))
		return;
	if (moat_disk_refresh(&backend->disk)) {
		if (backend->state == MOAT_SERVE_CONNECTED)
			backend_resize(backend, backend->disk.offer.capacity);
	} else if (moat_disk_gone(&backend->disk)) {
		backend_lost_disk(backend);
	}
}

/* A setting may have changed what is to be told. */
static void backend_look_at_safety(struct moat_backend *backend)
{
	if (backend->state == MOAT_SERVE_CONNECTED && backend->relies &&
	    backend->safe != backend_is_safe(backend))
		backend_show(backend, XenbusStateConnected);
}

/* ---- look, decide, act ---- */

static enum moat_serve_front serve_front(enum xenbus_state state)
{
	switch (state) {
	case XenbusStateUnknown:
		return MOAT_SERVE_FRONT_GONE;
	case XenbusStateInitialising:
		return MOAT_SERVE_FRONT_BEGINS;
	case XenbusStateInitialised:
	case XenbusStateConnected:
		return MOAT_SERVE_FRONT_READY;
	case XenbusStateClosing:
		return MOAT_SERVE_FRONT_CLOSING;
	case XenbusStateClosed:
		return MOAT_SERVE_FRONT_CLOSED;
	default:
		return MOAT_SERVE_FRONT_OTHER;
	}
}

/* Does the toolstack want the device? */
static int backend_read_online(const struct moat_backend *backend, bool *online)
{
	return moat_lookup_flag(backend->dev->nodename, "online", true, online);
}

/* Return: 0, or -ENOMEM if it cannot be known now. */
static int backend_look(struct moat_backend *backend, struct moat_serve_view *view)
{
	enum xenbus_state front;
	int err, unnamed = 0;
	bool online;

	err = moat_lookup_state(backend->dev->otherend, &front);
	if (!err)
		err = backend_read_online(backend, &online);
	if (!err && backend->state == MOAT_SERVE_WAITING)
		unnamed = moat_handshake_read_wish(backend->dev, &backend->wish);
	if (err || unnamed == -ENOMEM)
		return -ENOMEM;
	backend->front = serve_front(front);
	backend->broken |= moat_rings_broken(&backend->rings);
	*view = (struct moat_serve_view) {
		.front = backend->front,
		.online = online,
		.named = backend->state == MOAT_SERVE_WAITING && !unnamed,
		.broken = backend->broken,
		.early = time_before(jiffies, backend->not_before),
		.spent = backend->spent,
	};
	return 0;
}

static void backend_act(struct moat_backend *backend, enum moat_serve_action action,
			const struct moat_serve_view *view)
{
	switch (action) {
	case MOAT_SERVE_NOTHING:
		break;
	case MOAT_SERVE_REST:
		mod_delayed_work(backend_wq, &backend->work,
				 max_t(long, backend->not_before - jiffies, 1));
		break;
	case MOAT_SERVE_BEGIN:
		backend_begin(backend);
		break;
	case MOAT_SERVE_OPEN_DISK:
		backend_open_disk(backend);
		break;
	case MOAT_SERVE_CONNECT:
		backend_connect(backend);
		break;
	case MOAT_SERVE_END:
		backend_end(backend, view->front);
		break;
	case MOAT_SERVE_CLOSE:
		backend_close(backend);
		break;
	}
}

/* What one step has brought about may be what the next one waits for. */
static void backend_run(struct work_struct *work)
{
	struct moat_backend *backend = container_of(to_delayed_work(work),
						    struct moat_backend, work);
	enum moat_serve_state was;
	struct moat_serve_view view;

	might_sleep();
	do {
		/* While the disk work runs, the disk is its own. */
		if (READ_ONCE(backend->removing) || smp_load_acquire(&backend->busy))
			return;
		if (backend->untold)
			backend_show(backend, backend->show);
		if (backend->untold)
			return;
		if (backend->state == MOAT_SERVE_OPENING)
			backend_opened(backend);
		if (backend->state == MOAT_SERVE_OPEN ||
		    backend->state == MOAT_SERVE_CONNECTED)
			backend_look_at_disk(backend);
		backend_look_at_safety(backend);
		was = backend->state;
		if (backend_look(backend, &view)) {
			mod_delayed_work(backend_wq, &backend->work, BACKEND_LOOK_RETRY);
			return;
		}
		backend_act(backend, moat_serve_decide(backend->state, &view), &view);
	} while (backend->state != was);
}

/**
 * moat_backend_attend() - have the back end look at how things stand
 * @backend: the back end
 *
 * Context: any.
 */
void moat_backend_attend(struct moat_backend *backend)
{
	if (!READ_ONCE(backend->removing))
		mod_delayed_work(backend_wq, &backend->work, 0);
}

/* For the rings. */
static void backend_attend(const struct moat_queue_host *host)
{
	moat_backend_attend(container_of(host, struct moat_backend, host));
}

/* ---- what xenbus calls ---- */

static void backend_front_changed(struct xenbus_device *dev, enum xenbus_state state)
{
	struct moat_backend *backend = dev_get_drvdata(&dev->dev);

	if (backend)
		moat_backend_attend(backend);
}

static bool path_ends(const char *path, const char *name)
{
	const char *last = strrchr(path, '/');

	return last && !strcmp(last + 1, name);
}

/* Is the device shut, and not wanted any more? Where that cannot be known now, the work
 * says once more that it is shut, and so brings us back.
 */
static bool backend_over(struct moat_backend *backend)
{
	enum xenbus_state state;
	bool online;

	if (READ_ONCE(backend->state) != MOAT_SERVE_CLOSED)
		return false;
	if (backend_read_online(backend, &online) ||
	    moat_lookup_state(backend->dev->nodename, &state)) {
		WRITE_ONCE(backend->unsure, true);
		return false;
	}
	return !online && state == XenbusStateClosed;
}

/* Something in our own directory has changed. A device that the toolstack does
 * not want any more and that is shut is removed here, in xenbus's thread.
 */
static void backend_node_changed(struct xenbus_watch *watch, const char *path,
				 const char *token)
{
	struct moat_backend *backend = container_of(watch, struct moat_backend, watch);
	struct xenbus_device *dev = backend->dev;

	if (moat_control_changed(backend->sysfs, dev, path))
		return;
	if (!path_ends(path, "physical-device") && !path_ends(path, "state") &&
	    !path_ends(path, "online"))
		return;
	if (backend_over(backend))
		device_unregister(&dev->dev);
	else
		moat_backend_attend(backend);
}

/* A setting was written: modes take effect at once; what xenstore says may be old. */
static void backend_tune_changed(struct device *device)
{
	struct moat_backend *backend = dev_get_drvdata(device);

	moat_rings_kick(&backend->rings);
	moat_backend_attend(backend);
}

static const struct moat_sysfs_ops backend_sysfs_ops = {
	.data_paths = moat_data_path_names,
	.changed = backend_tune_changed,
};

static struct moat_backend *backend_create(struct xenbus_device *dev)
{
	struct moat_backend *backend = kzalloc(sizeof(*backend), GFP_KERNEL);

	if (!backend)
		return NULL;
	kref_init(&backend->ref);
	get_device(&dev->dev);
	backend->dev = dev;
	backend->not_before = jiffies;
	moat_rings_init(&backend->rings);
	INIT_DELAYED_WORK(&backend->work, backend_run);
	INIT_WORK(&backend->disk_work, backend_disk_run);
	moat_params_tune(&backend->tune);
	backend->host = (struct moat_queue_host){
		.dev = dev,
		.disk = &backend->disk,
		.tune = &backend->tune,
		.attend = backend_attend,
	};
	return backend;
}

/* From here on nothing of xenbus's is used but what a reference to the device keeps. */
static void backend_leave(struct moat_backend *backend)
{
	WRITE_ONCE(backend->removing, true);
	cancel_delayed_work_sync(&backend->work);
	moat_disk_leave(&backend->disk);
	backend_shut(backend);
	moat_sysfs_destroy(backend->sysfs);
	dev_set_drvdata(&backend->dev->dev, NULL);
	kref_put(&backend->ref, backend_release);
}

/* Fatal is what says Closing. */
static void backend_not_probed(struct xenbus_device *dev, int err, const char *what)
{
	if (moat_takeover_due(dev))
		xenbus_dev_error(dev, err, "%s", what);
	else
		xenbus_dev_fatal(dev, err, "%s", what);
}

static int backend_probe(struct xenbus_device *dev, const struct xenbus_device_id *id)
{
	struct moat_backend *backend = backend_create(dev);
	int err;

	if (!backend) {
		backend_not_probed(dev, -ENOMEM, "no memory for the back end");
		return -ENOMEM;
	}
	dev_set_drvdata(&dev->dev, backend);
	backend->sysfs = moat_sysfs_create(&dev->dev, &backend->tune, &backend_sysfs_ops);
	if (IS_ERR(backend->sysfs)) {
		err = PTR_ERR(backend->sysfs);
		backend_not_probed(dev, err, "creating sysfs files");
		goto err_put;
	}
	backend_begin(backend);
	err = xenbus_watch_path(dev, dev->nodename, &backend->watch, NULL,
				backend_node_changed);
	if (!err)
		return 0;
	backend_leave(backend);
	return err;

err_put:
	dev_set_drvdata(&dev->dev, NULL);
	kref_put(&backend->ref, backend_release);
	return err;
}

/* In xenbus's thread: the disk is left to its own work. */
static void backend_remove(struct xenbus_device *dev)
{
	struct moat_backend *backend = dev_get_drvdata(&dev->dev);

	unregister_xenbus_watch(&backend->watch);
	backend_leave(backend);
}

static const struct xenbus_device_id backend_ids[] = {
	{ "vbd" },
	{ "" }
};
MODULE_ALIAS("xen-backend:vbd");

static struct xenbus_driver backend_driver = {
	.name = "moat-back",
	.ids = backend_ids,
	.probe = backend_probe,
	.remove = backend_remove,
	.otherend_changed = backend_front_changed,
};

/**
 * moat_backend_register() - serve disks from now on
 *
 * Return: 0 or a negative errno.
 */
int moat_backend_register(void)
{
	int err = -ENOMEM;

	backend_wq = alloc_workqueue("moat-back", WQ_UNBOUND | WQ_MEM_RECLAIM,
				     BACKEND_WORKERS);
	if (!backend_wq)
		return err;
	/* One that waits for its disk keeps no other from its own. */
	backend_disk_wq = alloc_workqueue("moat-back-disk", WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	if (!backend_disk_wq)
		goto err_wq;
	err = xenbus_register_backend(&backend_driver);
	if (err)
		goto err_disk_wq;
	return 0;

err_disk_wq:
	destroy_workqueue(backend_disk_wq);
err_wq:
	destroy_workqueue(backend_wq);
	return err;
}

/**
 * moat_backend_unregister() - serve no disk any more
 *
 * Takes down what is connected; waits for what is under way on the disks.
 */
void moat_backend_unregister(void)
{
	xenbus_unregister_driver(&backend_driver);
	destroy_workqueue(backend_disk_wq);
	destroy_workqueue(backend_wq);
}
