/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Recorded arrivals. Two formats, told apart by the first line:
 *
 *   Moat's own    a line for each request, the time it was issued in
 *                 nanoseconds, from any beginning; lines that begin with #
 *                 and empty ones are for people
 *   fio's         "fio version 3 iolog" (--write_iolog): lines of time in
 *                 microseconds, file, action, offset and length, of which
 *                 read, write, trim and sync are requests
 *
 * Times must not step back.
 */
#ifndef POLICY_TRACE_H
#define POLICY_TRACE_H

#include "core/env.h"

#define TRACE_MAX 1000000u

int trace_read(const char *path, u64 **gaps, u32 *n);

#endif
