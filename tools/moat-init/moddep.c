// SPDX-License-Identifier: GPL-2.0
/*
 * Parsing of the module indexes and of module parameters.
 */
#include "moddep.h"

#include <errno.h>
#include <fnmatch.h>
#include <string.h>

/* A piece of a text, not terminated. */
struct span {
	const char *at;
	size_t len;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* The next line from *pos on; false at the end of the text. */
static bool next_line(const char *text, size_t *pos, struct span *line)
{
	if (!text[*pos])
		return false;
	line->at = text + *pos;
	line->len = strcspn(line->at, "\n");
	*pos += line->len;
	if (text[*pos])
		(*pos)++;
	return true;
}

/* Take the next word off the front of a line; false if there is none. */
static bool next_word(struct span *line, struct span *word)
{
	while (line->len && is_blank(*line->at)) {
		line->at++;
		line->len--;
	}
	word->at = line->at;
	while (line->len && !is_blank(*line->at)) {
		line->at++;
		line->len--;
	}
	word->len = line->at - word->at;
	return word->len;
}

static bool copy_span(const struct span *s, char *out, size_t size)
{
	if (s->len >= size)
		return false;
	memcpy(out, s->at, s->len);
	out[s->len] = '\0';
	return true;
}

static char fold(char c)
{
	return c == '-' ? '_' : c;
}

static bool same_name(const char *a, size_t a_len, const char *b, size_t b_len)
{
	if (a_len != b_len)
		return false;
	for (size_t i = 0; i < a_len; i++)
		if (fold(a[i]) != fold(b[i]))
			return false;
	return true;
}

bool moat_moddep_same(const char *a, const char *b)
{
	return same_name(a, strlen(a), b, strlen(b));
}

/* The base of a module's path, without .ko or .ko.xz and the like. */
static bool base_of(const struct span *path, struct span *base)
{
	size_t from = path->len;

	while (from && path->at[from - 1] != '/')
		from--;
	base->at = path->at + from;
	for (base->len = 0; from + base->len + 3 <= path->len; base->len++)
		if (memcmp(base->at + base->len, ".ko", 3) == 0)
			return base->len;
	return false;
}

bool moat_moddep_name(const char *path, char *name)
{
	struct span whole = { path, strlen(path) }, base;

	if (!base_of(&whole, &base) ||
	    !copy_span(&base, name, MOAT_MODULE_NAME))
		return false;
	for (; *name; name++)
		*name = fold(*name);
	return true;
}

/* Read the rest of a modules.dep line, whose first word was @path. */
static int read_deps(const struct span *path, struct span *line,
		     struct moat_moddep *out)
{
	struct span word;

	if (!copy_span(path, out->path, sizeof(out->path)))
		return -E2BIG;
	out->ndeps = 0;
	while (next_word(line, &word)) {
		if (out->ndeps == MOAT_MODULE_DEPS ||
		    !copy_span(&word, out->deps[out->ndeps],
			       sizeof(out->deps[0])))
			return -E2BIG;
		out->ndeps++;
	}
	return 0;
}

int moat_moddep_find(const char *text, const char *name,
		     struct moat_moddep *out)
{
	size_t pos = 0;
	struct span line, word, base;

	while (next_line(text, &pos, &line)) {
		if (!next_word(&line, &word) || word.at[word.len - 1] != ':')
			continue;
		word.len--;
		if (base_of(&word, &base) &&
		    same_name(base.at, base.len, name, strlen(name)))
			return read_deps(&word, &line, out);
	}
	return -ENOENT;
}

bool moat_moddep_alias(const char *text, const char *modalias, size_t *pos,
		       char *name)
{
	char pattern[512];
	struct span line, word, module;

	while (next_line(text, pos, &line)) {
		if (!next_word(&line, &word) || word.len != 5 ||
		    memcmp(word.at, "alias", 5))
			continue;
		if (!next_word(&line, &word) || !next_word(&line, &module) ||
		    !copy_span(&word, pattern, sizeof(pattern)))
			continue;
		if (fnmatch(pattern, modalias, 0) == 0 &&
		    copy_span(&module, name, MOAT_MODULE_NAME))
			return true;
	}
	return false;
}

/* Append a word to a list of words. */
static int append(char *list, size_t size, const struct span *word)
{
	size_t used = strlen(list);
	size_t gap = used ? 1 : 0;

	if (word->len >= size - used - gap)
		return -E2BIG;
	if (gap)
		list[used] = ' ';
	memcpy(list + used + gap, word->at, word->len);
	list[used + gap + word->len] = '\0';
	return 0;
}

int moat_moddep_line(const char *text, size_t *pos, struct moat_modline *out)
{
	struct span line, word;

	while (next_line(text, pos, &line)) {
		const char *hash = memchr(line.at, '#', line.len);

		if (hash)
			line.len = hash - line.at;
		if (!next_word(&line, &word))
			continue;
		if (!copy_span(&word, out->name, sizeof(out->name)))
			return -EINVAL;
		out->params[0] = '\0';
		while (next_word(&line, &word))
			if (append(out->params, sizeof(out->params), &word))
				return -EINVAL;
		return 1;
	}
	return 0;
}

int moat_moddep_cmdline(const char *cmdline, const char *name, char *params,
			size_t size)
{
	size_t pos = 0;
	struct span line, word;

	while (next_line(cmdline, &pos, &line)) {
		while (next_word(&line, &word)) {
			const char *dot = memchr(word.at, '.', word.len);

			if (!dot || !same_name(word.at, dot - word.at, name,
					       strlen(name)))
				continue;
			word.len -= dot + 1 - word.at;
			word.at = dot + 1;
			if (append(params, size, &word))
				return -E2BIG;
		}
	}
	return 0;
}
