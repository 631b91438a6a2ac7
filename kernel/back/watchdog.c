// SPDX-License-Identifier: GPL-2.0
/*
 * Xen's watchdog for this domain: a timer in the hypervisor that shuts the
 * domain down, with a reason of its own, unless it is fed in time.
 *
 * It is the pollers who feed it, when all of them have answered a ping (see
 * ping.c). So it strikes whatever the cause may be: a vCPU that loops with
 * interrupts off, a poller that sleeps for ever, a moat-init that does not
 * ping any more, a domain that is paused.
 *
 * It runs only while somebody has promised to ping, by writing 1 to the module
 * parameter "watched": a domain without moat-init must not die for want of it.
 *
 * While the domain is suspended the timer must not run: a domain that is saved
 * has no poller to feed it, and one that is restored is a new one to Xen, with
 * no timer. Hence it is stopped by the last one who acts before a suspension,
 * and made anew by the first behind it.
 */
#include "watchdog.h"

#include <asm/xen/hypercall.h>
#include <linux/moduleparam.h>
#include <linux/notifier.h>
#include <linux/printk.h>
#include <linux/reboot.h>
#include <linux/spinlock.h>
#include <xen/interface/sched.h>

#include "kernel/compat/syscore.h"

#include "params.h"

/* Guards what follows. Holders do not sleep, so the last steps before a
 * suspension, with all other CPUs stopped, find it free.
 */
static DEFINE_SPINLOCK(lock);
static bool usable;	/* the module lives and the system does not go down */
static bool watched;	/* somebody pings */
static u32 timer;	/* Xen's name for it; 0: there is none */

/* Xen's answer: the timer's name, 0, or a negative errno. */
static int timer_call(u32 id, u32 seconds)
{
	struct sched_watchdog call = { .id = id, .timeout = seconds };

	return HYPERVISOR_sched_op(SCHEDOP_watchdog, &call);
}

static int timer_start(void)
{
	int ret;

	if (timer || !usable || !watched || !moat_params_watchdog())
		return 0;
	ret = timer_call(0, moat_params_watchdog());
	if (ret <= 0) {
		pr_warn_once("moat-back: Xen gives this domain no watchdog: %d\n", ret);
		return ret;
	}
	timer = ret;
	return 0;
}

static void timer_stop(void)
{
	if (timer)
		timer_call(timer, 0);
	timer = 0;
}

/**
 * moat_watchdog_feed() - the domain serves
 *
 * Context: process.
 */
void moat_watchdog_feed(void)
{
	spin_lock(&lock);
	if (timer)
		timer_call(timer, moat_params_watchdog());
	spin_unlock(&lock);
}

/* ---- who starts and stops it ---- */

static int watched_set(const char *text, const struct kernel_param *kp)
{
	bool wish;
	int err = kstrtobool(text, &wish);

	if (err)
		return err;
	spin_lock(&lock);
	if (usable) {
		watched = wish;
		if (watched)
			err = timer_start();
		else
			timer_stop();
	} else {
		err = -EPERM;
	}
	spin_unlock(&lock);
	return err;
}

static int watched_get(char *text, const struct kernel_param *kp)
{
	return sysfs_emit(text, "%d\n", READ_ONCE(watched));
}

static const struct kernel_param_ops watched_ops = {
	.get = watched_get,
	.set = watched_set,
};

module_param_cb(watched, &watched_ops, NULL, 0644);
MODULE_PARM_DESC(watched, "1: somebody reads health at least once a second, the watchdog runs");

static void watchdog_end(void)
{
	spin_lock(&lock);
	usable = false;
	timer_stop();
	spin_unlock(&lock);
}

/* From here on the kernel takes devices down, which may take its time. */
static int watchdog_reboot(struct notifier_block *nb, unsigned long event, void *data)
{
	watchdog_end();
	return NOTIFY_DONE;
}

static struct notifier_block reboot_notifier = { .notifier_call = watchdog_reboot };

static int watchdog_suspend(void)
{
	spin_lock(&lock);
	timer_stop();
	spin_unlock(&lock);
	return 0;
}

static void watchdog_resume(void)
{
	spin_lock(&lock);
	timer_start();
	spin_unlock(&lock);
}

MOAT_DEFINE_SYSCORE(suspension, watchdog_suspend, watchdog_resume);

/**
 * moat_watchdog_init() - allow the watchdog to be started
 *
 * Return: 0 or a negative errno.
 */
int moat_watchdog_init(void)
{
	int err = register_reboot_notifier(&reboot_notifier);

	if (err)
		return err;
	moat_syscore_register(&suspension);
	spin_lock(&lock);
	usable = true;
	spin_unlock(&lock);
	return 0;
}

/**
 * moat_watchdog_deinit() - stop the watchdog for good
 */
void moat_watchdog_deinit(void)
{
	watchdog_end();
	moat_syscore_unregister(&suspension);
	unregister_reboot_notifier(&reboot_notifier);
}
