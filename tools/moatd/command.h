/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The commands that clients send, and their answers.
 */
#ifndef MOATD_COMMAND_H
#define MOATD_COMMAND_H

#include <jansson.h>

#include "unit.h"

/**
 * moat_command() - answer a request
 * @context: the struct moat_daemon
 * @request: an object
 * @watch: set where the client asks to be told of events
 *
 * Return: a new object, or NULL for want of memory.
 */
json_t *moat_command(void *context, const json_t *request, bool *watch);

#endif
