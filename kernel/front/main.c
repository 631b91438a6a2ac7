// SPDX-License-Identifier: GPL-2.0
/*
 * moat-front: the block front end. Module parameters, start and end.
 */
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/workqueue.h>
#include <xen/interface/io/protocols.h>
#include <xen/platform_pci.h>
#include <xen/xen.h>
#include <xen/xenbus.h>

#include "disk.h"
#include "io.h"
#include "params.h"
#include "poll.h"
#include "retain.h"
#include "xenbus.h"

/* Window: from about the cost of an event to KVM's longest halt poll. */
struct moat_params moat_params = {
	.tune = {
		.mode = MOAT_MODE_ADAPTIVE,
		.window_min_ns = 10 * NSEC_PER_USEC,
		.window_max_ns = 200 * NSEC_PER_USEC,
		.data_path = MOAT_PATH_PERSISTENT,
		.stall_s = 5,
		.give_up_s = 600,
		.retain_kib = 16 << 10,
	},
	.ring_order = 0,
	.max_segs = 64,
	.inline_depth = 1,
	.early = 4,
};

/* Indexed by enum moat_data_path, ends with NULL. */
const char *const moat_path_names[] = { "persistent", "grant", NULL };

/* Indexed by enum moat_layout, ends with NULL; the values of key "protocol". */
const char *const moat_layout_names[] = {
	XEN_IO_PROTO_ABI_X86_64, XEN_IO_PROTO_ABI_X86_32, NULL
};

/* A parameter that is one word out of a list. */
struct name_param {
	const char *const *names;
	u32 *value;
};

static int name_set(const char *text, const struct kernel_param *kp)
{
	const struct name_param *p = kp->arg;
	int i = moat_tune_parse(p->names, text);

	if (i < 0)
		return i;
	*p->value = i;
	return 0;
}

static int name_get(char *buf, const struct kernel_param *kp)
{
	const struct name_param *p = kp->arg;

	return sysfs_emit(buf, "%s\n", p->names[*p->value]);
}

static const struct kernel_param_ops name_ops = {
	.set = name_set,
	.get = name_get,
};

static struct name_param mode_param = {
	.names = moat_mode_names,
	.value = &moat_params.tune.mode,
};
static struct name_param path_param = {
	.names = moat_path_names,
	.value = &moat_params.tune.data_path,
};
static struct name_param layout_param = {
	.names = moat_layout_names,
	.value = &moat_params.layout,
};

/* A parameter that has a largest value, as the disks' files in sysfs have. */
struct bound_param {
	u32 *value;
	u32 max;
};

static int bound_set(const char *text, const struct kernel_param *kp)
{
	const struct bound_param *p = kp->arg;
	u32 value;
	int err = kstrtou32(text, 0, &value);

	if (err)
		return err;
	if (value > p->max)
		return -ERANGE;
	WRITE_ONCE(*p->value, value);
	return 0;
}

static int bound_get(char *buf, const struct kernel_param *kp)
{
	const struct bound_param *p = kp->arg;

	return sysfs_emit(buf, "%u\n", READ_ONCE(*p->value));
}

static const struct kernel_param_ops bound_ops = {
	.set = bound_set,
	.get = bound_get,
};

#define BOUND_PARAM(_name, _max)						\
	static struct bound_param _name##_param = {				\
		.value = &moat_params.tune._name,				\
		.max = _max,							\
	};									\
	module_param_cb(_name, &bound_ops, &_name##_param, 0644)

module_param_cb(mode, &name_ops, &mode_param, 0644);
MODULE_PARM_DESC(mode, "mode of new disks: event, spin or adaptive (default)");
module_param_cb(data_path, &name_ops, &path_param, 0644);
MODULE_PARM_DESC(data_path, "data path of new disks: persistent (default) or grant");
module_param_cb(protocol, &name_ops, &layout_param, 0644);
MODULE_PARM_DESC(protocol, "layout of new rings: x86_64-abi (default), x86_32-abi to test");
BOUND_PARAM(window_min_ns, MOAT_TUNE_WINDOW_NS_MAX);
MODULE_PARM_DESC(window_min_ns, "shortest time an adaptive spinner looks, in ns");
BOUND_PARAM(window_max_ns, MOAT_TUNE_WINDOW_NS_MAX);
MODULE_PARM_DESC(window_max_ns, "longest time a submitter looks, in ns");
static int relax_every = -1;
module_param(relax_every, int, 0644);
MODULE_PARM_DESC(relax_every, "looks per PAUSE of a spinner; 0: none, -1: by measurement");
BOUND_PARAM(stall_s, MOAT_TUNE_STALL_S_MAX);
MODULE_PARM_DESC(stall_s, "seconds without an answer that are reported; 0: never");
BOUND_PARAM(give_up_s, MOAT_TUNE_GIVE_UP_S_MAX);
MODULE_PARM_DESC(give_up_s, "seconds without a back end before all I/O fails; 0: never");
BOUND_PARAM(retain_kib, MOAT_TUNE_RETAIN_KIB_MAX);
MODULE_PARM_DESC(retain_kib, "room for acknowledged, unflushed writes in KiB; 0: none kept");
module_param_named(early, moat_params.early, uint, 0644);
MODULE_PARM_DESC(early, "so many requests of a batch are shown before it is whole");
module_param_named(inline_depth, moat_params.inline_depth, uint, 0644);
MODULE_PARM_DESC(inline_depth, "submitters look while at most so many requests are in flight");
module_param_named(max_queues, moat_params.max_queues, uint, 0644);
MODULE_PARM_DESC(max_queues, "most rings of a disk; 0 (default): one per vCPU");
module_param_named(poll_queues, moat_params.poll_queues, uint, 0644);
MODULE_PARM_DESC(poll_queues, "rings of a disk for polled I/O, beside the others");
module_param_named(ring_order, moat_params.ring_order, uint, 0444);
MODULE_PARM_DESC(ring_order, "order of the number of pages of a ring, 0 to 4");
module_param_named(max_segs, moat_params.max_segs, uint, 0444);
MODULE_PARM_DESC(max_segs, "most 4 KiB segments of a request, 11 to 512");

/**
 * moat_params_tune() - the settings that a new disk starts with
 * @tune: receives them
 *
 * Context: process; may take some microseconds, to measure.
 */
void moat_params_tune(struct moat_tune *tune)
{
	int relax = READ_ONCE(relax_every);

	*tune = moat_params.tune;
	tune->relax_every = relax < 0 ? moat_tune_relax_every() :
			    min(relax, MOAT_TUNE_RELAX_MAX);
}

struct workqueue_struct *moat_front_wq;
struct workqueue_struct *moat_front_conn_wq;
struct workqueue_struct *moat_front_life_wq;

static void front_destroy_queues(void)
{
	if (moat_front_life_wq)
		destroy_workqueue(moat_front_life_wq);
	if (moat_front_conn_wq)
		destroy_workqueue(moat_front_conn_wq);
	if (moat_front_wq)
		destroy_workqueue(moat_front_wq);
}

static int __init front_create_queues(void)
{
	const unsigned int flags = WQ_UNBOUND | WQ_MEM_RECLAIM;

	moat_front_wq = alloc_workqueue("moat-front", flags, 0);
	moat_front_conn_wq = alloc_workqueue("moat-front-conn", flags, 0);
	moat_front_life_wq = alloc_workqueue("moat-front-life", flags, 0);
	if (moat_front_wq && moat_front_conn_wq && moat_front_life_wq)
		return 0;
	front_destroy_queues();
	return -ENOMEM;
}

static int __init front_init(void)
{
	int err;

	if (!xen_domain())
		return -ENODEV;
	if (!xen_has_pv_disk_devices())
		return -ENODEV;
	moat_params.ring_order = min_t(unsigned int, moat_params.ring_order,
				       XENBUS_MAX_RING_GRANT_ORDER);
	moat_params.max_segs = clamp(moat_params.max_segs, MOAT_WIRE_SEGS,
				     MOAT_IO_SEGS_MAX);

	err = front_create_queues();
	if (err)
		return err;
	err = moat_retained_setup();
	if (err)
		goto err_queues;
	err = moat_pollers_create();
	if (err)
		goto err_retained;
	err = moat_xenbus_register();
	if (err)
		goto err_pollers;
	return 0;

err_pollers:
	moat_pollers_destroy();
err_retained:
	moat_retained_exit();
err_queues:
	front_destroy_queues();
	return err;
}
module_init(front_init);

static void __exit front_exit(void)
{
	moat_xenbus_unregister();
	moat_pollers_destroy();
	front_destroy_queues();
	moat_retained_exit();
}
module_exit(front_exit);

MODULE_DESCRIPTION("Moat block front end");
MODULE_LICENSE("GPL");
