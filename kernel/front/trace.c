// SPDX-License-Identifier: GPL-2.0
/*
 * The bodies of the tracepoints of trace.h.
 */
/* First: what it includes has trace points, too, which are not ours to make. */
#include "queue.h"

#define CREATE_TRACE_POINTS
#include "trace.h"
