// SPDX-License-Identifier: GPL-2.0
/*
 * The configuration file, through libconfig. Each setting is looked for in a
 * table of what there may be, so that a misspelt one is an error rather than a
 * default that nobody asked for.
 */
#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <libconfig.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/log.h"

#define SECONDS_MAX 86400
#define CRASHES_LIMIT 20

/* Everything that a complaint needs to know of its place. */
struct place {
	const char *path;
	int line;
	const char *setting;
};

static struct place place_of(const char *path, const config_setting_t *s)
{
	const char *name = config_setting_name(s);

	return (struct place) { path, config_setting_source_line(s),
				name ? name : "element" };
}

static int refuse(struct place at, const char *why)
{
	moat_err("%s:%d: %s: %s", at.path, at.line, at.setting, why);
	return -EINVAL;
}

static int read_string(struct place at, const config_setting_t *s, char **to)
{
	const char *text = config_setting_get_string(s);

	if (!text)
		return refuse(at, "must be a string in double quotes");
	if (!*text)
		return refuse(at, "must not be empty");
	free(*to);
	*to = strdup(text);
	return *to ? 0 : -ENOMEM;
}

static int read_path(struct place at, const config_setting_t *s, char **to)
{
	int err = read_string(at, s, to);

	if (!err && **to != '/')
		err = refuse(at, "must be an absolute path");
	return err;
}

static int read_bool(struct place at, const config_setting_t *s, bool *to)
{
	if (config_setting_type(s) != CONFIG_TYPE_BOOL)
		return refuse(at, "must be true or false");
	*to = config_setting_get_bool(s);
	return 0;
}

static int read_number(struct place at, const config_setting_t *s, int max,
		       unsigned int *to)
{
	char why[64];
	int value;

	if (config_setting_type(s) != CONFIG_TYPE_INT)
		return refuse(at, "must be a whole number");
	value = config_setting_get_int(s);
	if (value < 1 || value > max) {
		snprintf(why, sizeof(why), "%d is not between 1 and %d", value,
			 max);
		return refuse(at, why);
	}
	*to = value;
	return 0;
}

static int read_seconds(struct place at, const config_setting_t *s, msec *to)
{
	unsigned int seconds;
	int err = read_number(at, s, SECONDS_MAX, &seconds);

	if (!err)
		*to = (msec)seconds * 1000;
	return err;
}

/* Names go into xl's configuration and into xenstore paths. */
static bool is_name(const char *text)
{
	size_t len = strlen(text);

	for (const char *c = text; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("-_.", *c))
			return false;
	return len > 0 && len < 48 && isalnum((unsigned char)*text);
}

static bool is_bdf(const char *text)
{
	static const char form[] = "hhhh:hh:hh.o";

	if (strlen(text) != strlen(form))
		return false;
	for (size_t i = 0; form[i]; i++) {
		char c = text[i];
		bool hex = isdigit((unsigned char)c) || (c >= 'a' && c <= 'f');

		if (form[i] == 'h' ? !hex :
		    form[i] == 'o' ? c < '0' || c > '7' : c != form[i])
			return false;
	}
	return true;
}

static int read_pci(struct place at, const config_setting_t *s,
		    struct moat_storage *st)
{
	int count = config_setting_length(s);

	if (!config_setting_is_array(s) && !config_setting_is_list(s))
		return refuse(at, "must be a list of strings in [ ]");
	if (count > MOAT_PCI_MAX)
		return refuse(at, "too many devices");
	for (int i = 0; i < count; i++) {
		int err = read_string(at, config_setting_get_elem(s, i),
				      &st->pci[st->pcis]);

		if (err)
			return err;
		if (!is_bdf(st->pci[st->pcis++]))
			return refuse(at, "not of the form \"0000:00:04.0\"");
	}
	return 0;
}

static int read_limit(struct place at, const config_setting_t *s,
		      struct moat_limits *limits)
{
	const struct {
		const char *name;
		msec *to;
	} table[] = {
		{ "heartbeat_limit", &limits->heartbeat },
		{ "hang_limit", &limits->hang },
		{ "busy_limit", &limits->busy },
		{ "device_limit", &limits->device },
		{ "boot_limit", &limits->boot },
		{ "probe_limit", &limits->probe },
		{ "save_limit", &limits->save },
		{ "crash_window", &limits->crash_window },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		if (strcmp(at.setting, table[i].name) == 0)
			return read_seconds(at, s, table[i].to);
	if (strcmp(at.setting, "crash_loop") == 0)
		return read_number(at, s, CRASHES_LIMIT, &limits->crash_loop);
	return refuse(at, "there is no such setting");
}

static int read_setting(struct place at, const config_setting_t *s,
			struct moat_storage *st)
{
	if (strcmp(at.setting, "name") == 0) {
		int err = read_string(at, s, &st->name);

		return err || is_name(st->name) ? err :
		       refuse(at, "letters, digits, '-', '_' and '.' only, "
			      "at most 47");
	}
	if (strcmp(at.setting, "config") == 0)
		return read_path(at, s, &st->config);
	if (strcmp(at.setting, "pci") == 0)
		return read_pci(at, s, st);
	if (strcmp(at.setting, "permissive") == 0)
		return read_bool(at, s, &st->permissive);
	if (strcmp(at.setting, "standby") == 0)
		return read_bool(at, s, &st->limits.standby);
	if (strcmp(at.setting, "takeover") == 0)
		return read_bool(at, s, &st->limits.takeover);
	return read_limit(at, s, &st->limits);
}

static int read_storage(const char *path, const config_setting_t *group,
			struct moat_storage *st)
{
	struct place at = { path, config_setting_source_line(group),
			    "storage" };

	st->limits = moat_limits_default;
	if (!config_setting_is_group(group))
		return refuse(at, "must be a list of groups: ( { ... } )");
	for (int i = 0; i < config_setting_length(group); i++) {
		const config_setting_t *s = config_setting_get_elem(group, i);
		int err = read_setting(place_of(path, s), s, st);

		if (err)
			return err;
	}
	if (!st->name)
		return refuse(at, "has no name");
	if (!st->config)
		return refuse(at, "has no config, the xl configuration file");
	if (st->limits.hang > st->limits.heartbeat)
		return refuse(at, "hang_limit is longer than heartbeat_limit");
	if (st->limits.busy > st->limits.heartbeat)
		return refuse(at, "busy_limit is longer than heartbeat_limit");
	return 0;
}

/* Is one's name that of the other's standby? */
static bool is_standby_of(const char *name, const char *other)
{
	size_t len = strlen(other);

	return strncmp(name, other, len) == 0 &&
	       strcmp(name + len, "-standby") == 0;
}

/* Two storage domains must differ in name, and cannot share a device. */
static int check_distinct(struct place at, const struct moat_config *config)
{
	const struct moat_storage *b = &config->storages[config->count - 1];

	for (const struct moat_storage *a = config->storages; a < b; a++) {
		if (strcmp(a->name, b->name) == 0)
			return refuse(at, "two storage domains of one name");
		if (is_standby_of(a->name, b->name) ||
		    is_standby_of(b->name, a->name))
			return refuse(at, "it has the name of the other's standby");
		for (size_t i = 0; i < a->pcis * b->pcis; i++)
			if (strcmp(a->pci[i / b->pcis],
				   b->pci[i % b->pcis]) == 0)
				return refuse(at, "a PCI device is given to "
					      "two storage domains");
	}
	return 0;
}

static int read_storages(struct place at, const config_setting_t *list,
			 struct moat_config *config)
{
	int count = config_setting_length(list);

	if (!config_setting_is_list(list))
		return refuse(at, "must be a list of groups: ( { ... } )");
	config->storages = calloc(count ? count : 1, sizeof(*config->storages));
	if (!config->storages)
		return -ENOMEM;
	for (int i = 0; i < count; i++) {
		const config_setting_t *group = config_setting_get_elem(list, i);
		struct place here = { at.path, config_setting_source_line(group),
				      "storage" };
		int err = read_storage(at.path, group,
				       &config->storages[config->count++]);

		if (!err)
			err = check_distinct(here, config);
		if (err)
			return err;
	}
	return count ? 0 : refuse(at, "names no storage domain");
}

static int read_top(struct place at, const config_setting_t *s,
		    struct moat_config *config)
{
	if (strcmp(at.setting, "storage") == 0)
		return read_storages(at, s, config);
	if (strcmp(at.setting, "socket") == 0)
		return read_path(at, s, &config->socket);
	if (strcmp(at.setting, "events") == 0)
		return read_path(at, s, &config->events);
	if (strcmp(at.setting, "console_logs") == 0)
		return read_path(at, s, &config->console_logs);
	if (strcmp(at.setting, "event_command") == 0)
		return read_path(at, s, &config->event_command);
	if (strcmp(at.setting, "xl") == 0)
		return read_string(at, s, &config->xl);
	if (strcmp(at.setting, "moat_create") == 0)
		return read_string(at, s, &config->moat_create);
	return refuse(at, "there is no such setting");
}

static int set_defaults(struct moat_config *config)
{
	memset(config, 0, sizeof(*config));
	config->socket = strdup("/run/moat/moatd.sock");
	config->events = strdup("/var/log/moat/events");
	config->xl = strdup("xl");
	config->moat_create = strdup("moat-create");
	config->console_logs = strdup("/var/log/xen/console");
	return config->socket && config->events && config->xl && config->moat_create &&
	       config->console_logs ? 0 : -ENOMEM;
}

static int parse(config_t *parsed, const char *path)
{
	FILE *file = fopen(path, "r");
	int ok;

	if (!file) {
		int err = errno;

		moat_err("%s: %s", path, strerror(err));
		return -err;
	}
	ok = config_read(parsed, file);
	fclose(file);
	if (ok)
		return 0;
	moat_err("%s:%d: %s", path, config_error_line(parsed),
		 config_error_text(parsed));
	return -EINVAL;
}

int moat_config_read(struct moat_config *config, const char *path)
{
	const config_setting_t *root;
	config_t parsed;
	int err = set_defaults(config);

	if (err)
		return err;
	config_init(&parsed);
	err = parse(&parsed, path);
	root = config_root_setting(&parsed);
	for (int i = 0; !err && i < config_setting_length(root); i++) {
		const config_setting_t *s = config_setting_get_elem(root, i);

		err = read_top(place_of(path, s), s, config);
	}
	if (!err && !config->count) {
		moat_err("%s:1: storage: there must be one", path);
		err = -EINVAL;
	}
	config_destroy(&parsed);
	return err;
}

static void swap(char **a, char **b)
{
	char *c = *a;

	*a = *b;
	*b = c;
}

static bool same_devices(const struct moat_storage *a,
			 const struct moat_storage *b)
{
	bool same = a->pcis == b->pcis;

	for (size_t i = 0; i < a->pcis && same; i++)
		same = strcmp(a->pci[i], b->pci[i]) == 0;
	return same;
}

static struct moat_storage *find(struct moat_config *config, const char *name)
{
	for (size_t i = 0; i < config->count; i++)
		if (strcmp(config->storages[i].name, name) == 0)
			return &config->storages[i];
	return NULL;
}

/* Return: whether it takes a new start. */
static bool take_storage(struct moat_storage *st, struct moat_storage *next)
{
	if (!next || !same_devices(st, next)) {
		moat_warn("storage %s: %s has changed, which takes a new start",
			  st->name, next ? "pci" : "its being there");
		return true;
	}
	swap(&st->config, &next->config);
	st->permissive = next->permissive;
	st->limits = next->limits;
	return false;
}

bool moat_config_take(struct moat_config *config, struct moat_config *next)
{
	bool left = false;

	for (size_t i = 0; i < config->count; i++) {
		struct moat_storage *st = &config->storages[i];

		left |= take_storage(st, find(next, st->name));
	}
	for (size_t i = 0; i < next->count; i++)
		if (!find(config, next->storages[i].name)) {
			moat_warn("storage %s is new, which takes a new start",
				  next->storages[i].name);
			left = true;
		}
	if (strcmp(config->socket, next->socket) ||
	    strcmp(config->events, next->events)) {
		moat_warn("socket or events has changed, which takes a new start");
		left = true;
	}
	swap(&config->xl, &next->xl);
	swap(&config->moat_create, &next->moat_create);
	swap(&config->event_command, &next->event_command);
	swap(&config->console_logs, &next->console_logs);
	return left;
}

void moat_config_deinit(struct moat_config *config)
{
	for (size_t i = 0; i < config->count; i++) {
		struct moat_storage *st = &config->storages[i];

		free(st->name);
		free(st->config);
		for (size_t k = 0; k < MOAT_PCI_MAX; k++)
			free(st->pci[k]);
	}
	free(config->storages);
	free(config->socket);
	free(config->events);
	free(config->event_command);
	free(config->console_logs);
	free(config->xl);
	free(config->moat_create);
	memset(config, 0, sizeof(*config));
}
