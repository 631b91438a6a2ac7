// SPDX-License-Identifier: GPL-2.0
/*
 * The back end of one disk of one front end: its life between the toolstack,
 * which makes and removes it, and the front end, which comes and goes.
 *
 * Whatever happens in xenstore or on a ring only has the work run; the work
 * looks at how things stand and does what is missing. It may wait for a slow
 * disk; xenbus's one thread, which serves all devices of the domain, does not.
 *
 *   toolstack names the disk --> opened
 *   front end Initialised    --> rings mapped, disk described, Connected
 *   front end Closing, Closed or gone, or it broke the protocol
 *                            --> rings given back, disk closed, Closed
 *   front end Initialising   --> InitWait: the same again
 *
 * Only the removal of the device itself has to happen in xenbus's thread, or
 * it would race with xenbus's own: see backend_node_changed().
 */
#include "backend.h"

#include <linux/module.h>
#include <linux/ratelimit.h>
#include <linux/slab.h>
#include <linux/string.h>

#include <moat/keys.h>

#include "handshake.h"
#include "kernel/common/control.h"
#include "kernel/common/transact.h"
#include "params.h"

static struct workqueue_struct *backend_wq;

/* ---- rings ---- */

static void backend_disconnect(struct moat_backend *backend)
{
	struct moat_queue **queues = backend->queues;
	unsigned int i;

	if (!queues)
		return;
	mutex_lock(&backend->lock);
	backend->queues = NULL;
	mutex_unlock(&backend->lock);
	for (i = 0; i < backend->nr_queues; i++)
		moat_queue_stop(queues[i]);
	moat_sysfs_remove_rings(backend->sysfs);
	for (i = 0; i < backend->nr_queues; i++)
		moat_queue_destroy(queues[i]);
	kfree(queues);
}

static int backend_add_queue(struct moat_backend *backend, const struct moat_front *front,
			     unsigned int nr)
{
	struct moat_queue_setup setup;
	struct moat_queue *queue;
	int err;

	err = moat_handshake_read_queue(backend->dev, front, nr, &setup);
	if (err)
		return err;
	queue = moat_queue_create(&backend->host, &setup);
	if (IS_ERR(queue))
		return PTR_ERR(queue);
	backend->queues[backend->nr_queues++] = queue;
	err = moat_sysfs_add_ring(backend->sysfs, nr, &queue->stat);
	if (err)
		return err;
	return moat_queue_start(queue, setup.port);
}

static int backend_make_queues(struct moat_backend *backend, const struct moat_front *front)
{
	struct moat_queue **queues;
	unsigned int nr;
	int err = 0;

	queues = kcalloc(front->nr_queues, sizeof(*queues), GFP_KERNEL);
	if (!queues)
		return -ENOMEM;
	mutex_lock(&backend->lock);
	backend->nr_queues = 0;
	backend->queues = queues;
	for (nr = 0; !err && nr < front->nr_queues; nr++)
		err = backend_add_queue(backend, front, nr);
	mutex_unlock(&backend->lock);
	return err;
}

static bool backend_broken(const struct moat_backend *backend)
{
	unsigned int i;

	for (i = 0; backend->queues && i < backend->nr_queues; i++)
		if (moat_queue_broken(backend->queues[i]))
			return true;
	return false;
}

/* ---- states ---- */

static void backend_shut(struct moat_backend *backend)
{
	backend_disconnect(backend);
	moat_disk_close(&backend->disk);
}

/* Most failures are the front end's doing, and it may try again and again. */
static void backend_fail(struct moat_backend *backend, int err, const char *what)
{
	static DEFINE_RATELIMIT_STATE(limit, DEFAULT_RATELIMIT_INTERVAL,
				      DEFAULT_RATELIMIT_BURST);

	backend_shut(backend);
	if (__ratelimit(&limit))
		xenbus_dev_error(backend->dev, err, "%s", what);
	xenbus_switch_state(backend->dev, XenbusStateClosing);
}

static void backend_connect(struct moat_backend *backend)
{
	struct xenbus_device *dev = backend->dev;
	struct moat_front front;
	int err;

	err = moat_handshake_read_front(dev, &backend->offered, &front);
	if (err) {
		backend_fail(backend, err, "cannot serve what the front end asks for");
		return;
	}
	err = backend_make_queues(backend, &front);
	if (err) {
		backend_fail(backend, err, "cannot take up the front end's rings");
		return;
	}
	err = moat_handshake_announce(dev, &backend->disk);
	if (err) {
		backend_fail(backend, err, "cannot describe the disk");
		return;
	}
	xenbus_switch_state(dev, XenbusStateConnected);
}

static void backend_open_disk(struct moat_backend *backend)
{
	struct moat_disk_wish wish;
	int err;

	err = moat_handshake_read_wish(backend->dev, &wish);
	if (err == -ENOENT)
		return;
	if (err) {
		backend_fail(backend, err,
			     "CD-ROM drives are not served; attach the medium as a disk");
		return;
	}
	err = moat_disk_open(&backend->disk, &wish);
	if (err)
		backend_fail(backend, err, "cannot open the device");
}

static void backend_begin(struct moat_backend *backend)
{
	u32 path = READ_ONCE(backend->tune.data_path);
	int err;

	err = moat_handshake_offer(backend->dev,
				   path == MOAT_PATH_AUTO || path == MOAT_PATH_PERSISTENT,
				   &backend->offered);
	if (err) {
		backend_fail(backend, err, "cannot write the offer");
		return;
	}
	backend->closed = false;
	xenbus_switch_state(backend->dev, XenbusStateInitWait);
}

/* A directory that is gone must not come back by this. */
static int backend_write_closed(struct xenbus_transaction t, void *data)
{
	struct xenbus_device *dev = data;
	int state;

	if (xenbus_scanf(t, dev->nodename, "state", "%d", &state) != 1 ||
	    state == XenbusStateClosed)
		return -ENOENT;
	return xenbus_printf(t, dev->nodename, "state", "%d", XenbusStateClosed);
}

/* Like xenbus_switch_state(), but says so even if we said so before: the
 * toolstack asks by writing Closing over it.
 */
static void backend_say_closed(struct moat_backend *backend)
{
	struct xenbus_device *dev = backend->dev;

	if (dev->state != XenbusStateClosed)
		xenbus_switch_state(dev, XenbusStateClosed);
	else
		moat_transact(backend_write_closed, dev);
}

static void backend_close(struct moat_backend *backend)
{
	backend_shut(backend);
	backend->closed = true;
	backend_say_closed(backend);
}

/* Has the toolstack asked for the device's end? */
static bool backend_unwanted(const struct moat_backend *backend)
{
	return !xenbus_read_unsigned(backend->dev->nodename, "online", 1);
}

static void backend_follow(struct moat_backend *backend)
{
	struct xenbus_device *dev = backend->dev;

	switch (xenbus_read_driver_state(dev->otherend)) {
	case XenbusStateInitialising:
		if (dev->state == XenbusStateClosed)
			backend_begin(backend);
		break;
	case XenbusStateInitialised:
	case XenbusStateConnected:
		if (dev->state == XenbusStateInitWait && backend->disk.bdev)
			backend_connect(backend);
		break;
	case XenbusStateClosing:
		backend_disconnect(backend);
		xenbus_switch_state(dev, XenbusStateClosing);
		break;
	case XenbusStateClosed:
	case XenbusStateUnknown:
		/* One that has not begun yet may still come. */
		if (dev->state != XenbusStateInitWait)
			backend_close(backend);
		break;
	default:
		break;
	}
}

/* A front end that cannot go on elsewhere is spared a disk of no size. */
static void backend_lost_disk(struct moat_backend *backend)
{
	struct xenbus_device *dev = backend->dev;

	xenbus_dev_error(dev, -ENODEV, "the disk has gone");
	if (dev->state == XenbusStateConnected &&
	    moat_handshake_recovers(dev, &backend->offered))
		moat_handshake_announce_size(dev, 0);
}

static void backend_look_at_size(struct moat_backend *backend)
{
	if (!moat_disk_changed(&backend->disk))
		return;
	if (moat_disk_resize(&backend->disk)) {
		if (backend->dev->state == XenbusStateConnected)
			moat_handshake_announce_size(backend->dev,
						     backend->disk.offer.capacity);
	} else if (moat_disk_gone(&backend->disk)) {
		backend_lost_disk(backend);
	}
}

static void backend_work(struct work_struct *work)
{
	struct moat_backend *backend = container_of(work, struct moat_backend, work);

	if (READ_ONCE(backend->removing))
		return;
	if (backend_broken(backend)) {
		backend_disconnect(backend);
		xenbus_switch_state(backend->dev, XenbusStateClosing);
		backend_close(backend);
		return;
	}
	if (!backend->queues && backend_unwanted(backend)) {
		backend_close(backend);
		return;
	}
	if (backend->disk.bdev)
		backend_look_at_size(backend);
	else if (backend->dev->state == XenbusStateInitWait)
		backend_open_disk(backend);
	backend_follow(backend);
}

/**
 * moat_backend_attend() - have the back end look at how things stand
 * @backend: the back end
 *
 * Context: any.
 */
void moat_backend_attend(struct moat_backend *backend)
{
	queue_work(backend_wq, &backend->work);
}

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
	if (READ_ONCE(backend->closed) && backend_unwanted(backend) &&
	    xenbus_read_driver_state(dev->nodename) == XenbusStateClosed)
		device_unregister(&dev->dev);
	else
		moat_backend_attend(backend);
}

/* A setting was written: modes take effect at once. */
static void backend_tune_changed(struct device *device)
{
	struct moat_backend *backend = dev_get_drvdata(device);
	unsigned int i;

	mutex_lock(&backend->lock);
	for (i = 0; backend->queues && i < backend->nr_queues; i++)
		moat_queue_kick(backend->queues[i]);
	mutex_unlock(&backend->lock);
}

static const struct moat_sysfs_ops backend_sysfs_ops = {
	.data_paths = moat_data_path_names,
	.changed = backend_tune_changed,
};

static void backend_free(struct moat_backend *backend)
{
	moat_sysfs_destroy(backend->sysfs);
	dev_set_drvdata(&backend->dev->dev, NULL);
	mutex_destroy(&backend->lock);
	kfree(backend);
}

static int backend_probe(struct xenbus_device *dev, const struct xenbus_device_id *id)
{
	struct moat_backend *backend;
	int err;

	backend = kzalloc(sizeof(*backend), GFP_KERNEL);
	if (!backend)
		return -ENOMEM;
	backend->dev = dev;
	mutex_init(&backend->lock);
	INIT_WORK(&backend->work, backend_work);
	moat_params_tune(&backend->tune);
	backend->host = (struct moat_queue_host){
		.dev = dev,
		.disk = &backend->disk,
		.tune = &backend->tune,
		.attend = backend_attend,
	};
	dev_set_drvdata(&dev->dev, backend);
	backend->sysfs = moat_sysfs_create(&dev->dev, &backend->tune, &backend_sysfs_ops);
	if (IS_ERR(backend->sysfs)) {
		err = PTR_ERR(backend->sysfs);
		backend->sysfs = NULL;
		goto err_free;
	}
	backend_begin(backend);
	err = xenbus_watch_path(dev, dev->nodename, &backend->watch, NULL,
				backend_node_changed);
	if (err)
		goto err_free;
	return 0;

err_free:
	backend_free(backend);
	return err;
}

static void backend_remove(struct xenbus_device *dev)
{
	struct moat_backend *backend = dev_get_drvdata(&dev->dev);

	unregister_xenbus_watch(&backend->watch);
	WRITE_ONCE(backend->removing, true);
	cancel_work_sync(&backend->work);
	backend_shut(backend);
	/* Until they stopped, rings could ask for the work. */
	cancel_work_sync(&backend->work);
	backend_free(backend);
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
	int err;

	backend_wq = alloc_workqueue("moat-back", WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	if (!backend_wq)
		return -ENOMEM;
	err = xenbus_register_backend(&backend_driver);
	if (err)
		destroy_workqueue(backend_wq);
	return err;
}

/**
 * moat_backend_unregister() - serve no disk any more
 *
 * Takes down what is connected.
 */
void moat_backend_unregister(void)
{
	xenbus_unregister_driver(&backend_driver);
	destroy_workqueue(backend_wq);
}
