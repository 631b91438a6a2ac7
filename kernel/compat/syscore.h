/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Who acts last before the system is suspended, and first behind it.
 */
#ifndef MOAT_COMPAT_SYSCORE_H
#define MOAT_COMPAT_SYSCORE_H

#include <linux/syscore_ops.h>

#include "config.h"

/* @name calls int suspend_func(void) and void resume_func(void). */
#ifdef MOAT_COMPAT_SYSCORE_DATA
#define MOAT_DEFINE_SYSCORE(name, suspend_func, resume_func)		\
static int name##_suspend(void *data)					\
{									\
	return suspend_func();						\
}									\
static void name##_resume(void *data)					\
{									\
	resume_func();							\
}									\
static const struct syscore_ops name##_ops = {				\
	.suspend = name##_suspend,					\
	.resume = name##_resume,					\
};									\
static struct syscore name = { .ops = &name##_ops }

#define moat_syscore_register(name) register_syscore(name)
#define moat_syscore_unregister(name) unregister_syscore(name)
#else
#define MOAT_DEFINE_SYSCORE(name, suspend_func, resume_func)		\
static struct syscore_ops name = {					\
	.suspend = suspend_func,					\
	.resume = resume_func,						\
}

#define moat_syscore_register(name) register_syscore_ops(name)
#define moat_syscore_unregister(name) unregister_syscore_ops(name)
#endif

#endif
