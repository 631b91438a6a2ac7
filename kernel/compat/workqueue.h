/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's workqueue whose works run on any processor.
 */
#ifndef MOAT_COMPAT_WORKQUEUE_H
#define MOAT_COMPAT_WORKQUEUE_H

#include <linux/workqueue.h>

#include "config.h"

#ifdef MOAT_COMPAT_UNBOUND_WQ_DFL
#define moat_unbound_wq system_dfl_wq
#else
#define moat_unbound_wq system_unbound_wq
#endif

#endif
