/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What xl makes of a configuration file: xl reads it, and libxl takes it as JSON. So a
 * domain that is created here is the one that "xl create" would have created.
 */
#ifndef MOAT_CREATE_REQUEST_H
#define MOAT_CREATE_REQUEST_H

/**
 * moat_request_read() - have xl read a configuration file
 * @xl: the program, looked for in PATH
 * @words: the file, then KEY=VALUE words that add to it; NULL at the end
 * @json: set to libxl's form of it, which the caller frees
 *
 * What xl complains of goes to standard error.
 *
 * Return: 0; -EINVAL if xl refused it; -E2BIG if its answer does not end; other -errno.
 */
int moat_request_read(char *xl, char *const words[], char **json);

#endif
