/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The environment the core compiles in: kernel or hosted test.
 *
 * This is the only file of core/ that knows which of the two it is. It gives
 * the rest fixed-width types, single-copy accesses and the barriers that order
 * memory shared with another domain. The barriers are the virt_*() kind: the
 * peer runs on another CPU of the host even where this kernel was built for
 * one, so smp_*() would not do.
 */
#ifndef MOAT_CORE_ENV_H
#define MOAT_CORE_ENV_H

#ifdef __KERNEL__

#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/string.h>
#include <linux/types.h>
#include <asm/barrier.h>

#define moat_mb() virt_mb()
#define moat_rmb() virt_rmb()
#define moat_wmb() virt_wmb()
#define moat_store_release(p, v) virt_store_release(p, v)

#else

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;

/* A test may define this, to be asked in front of each store that a peer sees. */
#ifndef moat_env_store
#define moat_env_store(p) ((void)(p))
#endif

#define READ_ONCE(x) (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v) \
	(moat_env_store(&(x)), *(volatile __typeof__(x) *)&(x) = (v))

#define moat_mb() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define moat_rmb() __atomic_thread_fence(__ATOMIC_ACQUIRE)
#define moat_wmb() __atomic_thread_fence(__ATOMIC_RELEASE)
#define moat_store_release(p, v) \
	(moat_env_store(p), __atomic_store_n(p, v, __ATOMIC_RELEASE))

#endif

/* Nothing in the core is larger than a u64, so this is wide enough. */
#define MOAT_ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif
