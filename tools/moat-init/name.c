// SPDX-License-Identifier: GPL-2.0
/*
 * Which device a lasting name is the name of.
 *
 * There are many names and few devices: for each device is seen whether it could
 * have the one that is asked for. The names are udev's, by its rules for
 * persistent storage; only what sysfs shows without asking the hardware is known.
 */
#include "name.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "../lib/file.h"
#include "partuuid.h"

#define NAME 256
/* ATA's own description of a disk within that page, its model and serial number */
#define VPD_ATA "device/vpd_pg89"
#define VPD_ATA_AT 60
#define ATA_SERIAL_AT 20
#define ATA_SERIAL_BYTES 20
#define ATA_MODEL_AT 54
#define ATA_MODEL_BYTES 40

/* One block device, and what is known of where to look. */
struct device {
	const char *sys, *dev;
	const char *name;	/* the kernel's */
	unsigned int number;	/* of a partition; 0: a whole device */
};

/* An attribute of the device, or of the disk that it is a part of. */
static bool read_attr(const struct device *d, bool whole, const char *attr, char *buf,
		      size_t size)
{
	char path[PATH_MAX], *text;

	snprintf(path, sizeof(path), "%s/%s/%s%s", d->sys, d->name,
		 whole && d->number ? "../" : "", attr);
	if (moat_file_read(path, &text))
		return false;
	text[strcspn(text, "\n")] = '\0';
	snprintf(buf, size, "%s", text);
	free(text);
	return buf[0];
}

/* As udev has it in a link: no blanks at the ends, nothing unusual within. */
static void tidy(char *text)
{
	size_t len = 0;

	for (const char *c = text + strspn(text, " \t"); *c; c++) {
		if (isspace((unsigned char)*c)) {
			if (!isspace((unsigned char)c[1]) && c[1])
				text[len++] = '_';
		} else {
			text[len++] = isalnum((unsigned char)*c) || strchr("#+-.:=@_", *c) ?
				      *c : '_';
		}
	}
	text[len] = '\0';
}

static bool is(const char *wanted, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static bool is(const char *wanted, const char *fmt, ...)
{
	char name[3 * NAME];
	va_list args;

	va_start(args, fmt);
	vsnprintf(name, sizeof(name), fmt, args);
	va_end(args);
	return strcmp(name, wanted) == 0;
}

/* --- by-id ----------------------------------------------------------- */

static bool has_wwid(const struct device *d, const char *wanted)
{
	char wwid[NAME];

	if (!read_attr(d, true, "wwid", wwid, sizeof(wwid)) &&
	    !read_attr(d, true, "device/wwid", wwid, sizeof(wwid)))
		return false;
	tidy(wwid);
	if (strncmp(d->name, "nvme", 4) == 0)
		return is(wanted, "nvme-%s", wwid);
	if (strncmp(wwid, "naa.", 4) == 0)
		return is(wanted, "wwn-0x%s", wwid + 4) || is(wanted, "scsi-3%s", wwid + 4);
	return strncmp(wwid, "eui.", 4) == 0 && is(wanted, "scsi-2%s", wwid + 4);
}

static bool has_serial(const struct device *d, const char *wanted)
{
	char model[NAME], serial[NAME], nsid[16];

	if (strncmp(d->name, "vd", 2) == 0 &&
	    read_attr(d, true, "serial", serial, sizeof(serial))) {
		tidy(serial);
		return is(wanted, "virtio-%s", serial);
	}
	if (strncmp(d->name, "nvme", 4) ||
	    !read_attr(d, true, "device/model", model, sizeof(model)) ||
	    !read_attr(d, true, "device/serial", serial, sizeof(serial)))
		return false;
	tidy(model);
	tidy(serial);
	if (!read_attr(d, true, "nsid", nsid, sizeof(nsid)))
		return false;
	return is(wanted, "nvme-%s_%s_%s", model, serial, nsid) ||
	       /* of old, which is the first namespace's only, or whose it is is chance */
	       (strcmp(nsid, "1") == 0 && is(wanted, "nvme-%s_%s", model, serial));
}

/* ATA puts the two characters of a word the wrong way round. */
static void swap_words(const unsigned char *from, size_t bytes, char *to)
{
	for (size_t i = 0; i < bytes; i += 2) {
		to[i] = from[i + 1];
		to[i + 1] = from[i];
	}
	to[bytes] = '\0';
	tidy(to);
}

static bool has_ata(const struct device *d, const char *wanted)
{
	char model[ATA_MODEL_BYTES + 1], serial[ATA_SERIAL_BYTES + 1];
	unsigned char page[VPD_ATA_AT + ATA_MODEL_AT + ATA_MODEL_BYTES];
	char path[PATH_MAX];
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), "%s/%s/%s" VPD_ATA, d->sys, d->name,
		 d->number ? "../" : "");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	got = read(fd, page, sizeof(page));
	close(fd);
	if (got != sizeof(page))
		return false;
	swap_words(page + VPD_ATA_AT + ATA_MODEL_AT, ATA_MODEL_BYTES, model);
	swap_words(page + VPD_ATA_AT + ATA_SERIAL_AT, ATA_SERIAL_BYTES, serial);
	return is(wanted, "ata-%s_%s", model, serial);
}

static bool has_mapping(const struct device *d, const char *wanted)
{
	char text[NAME];

	return (read_attr(d, true, "dm/name", text, sizeof(text)) &&
		is(wanted, "dm-name-%s", text)) ||
	       (read_attr(d, true, "dm/uuid", text, sizeof(text)) &&
		is(wanted, "dm-uuid-%s", text));
}

static bool has_id(const struct device *d, const char *wanted)
{
	return has_wwid(d, wanted) || has_serial(d, wanted) || has_ata(d, wanted) ||
	       has_mapping(d, wanted);
}

/* --- by-path --------------------------------------------------------- */

static bool is_pci_address(const char *text)
{
	unsigned int domain, bus, slot, function;
	int end = 0;

	return sscanf(text, "%4x:%2x:%2x.%1x%n", &domain, &bus, &slot, &function,
		      &end) == 4 && end == 12 && !text[end];
}

/* Where it is plugged in: the last PCI function above it, and what that calls it. */
static bool has_path(const struct device *d, const char *wanted)
{
	char path[PATH_MAX], real[PATH_MAX], attr[NAME] = "", number[16];
	const char *pci = NULL;
	char *save = NULL;
	unsigned int port;

	snprintf(path, sizeof(path), "%s/%s", d->sys, d->name);
	if (!realpath(path, real))
		return false;
	for (char *part = strtok_r(real, "/", &save); part;
	     part = strtok_r(NULL, "/", &save)) {
		if (is_pci_address(part))
			pci = part;
		else if (pci && sscanf(part, "ata%u", &port) == 1)
			snprintf(attr, sizeof(attr),
				 "device/../../../ata_port/ata%u/port_no", port);
	}
	if (!pci)
		return false;
	if (strncmp(d->name, "nvme", 4) == 0)
		return read_attr(d, true, "nsid", number, sizeof(number)) &&
		       is(wanted, "pci-%s-nvme-%s", pci, number);
	return attr[0] && read_attr(d, true, attr, number, sizeof(number)) &&
	       is(wanted, "pci-%s-ata-%s", pci, number);
}

/* --- the others ------------------------------------------------------ */

/* The node of the disk that a partition is a part of. */
static bool disk_of(const struct device *d, char *disk, size_t size)
{
	char path[PATH_MAX], real[PATH_MAX];
	const char *slash;

	snprintf(path, sizeof(path), "%s/%s/..", d->sys, d->name);
	if (!realpath(path, real))
		return false;
	slash = strrchr(real, '/');
	return snprintf(disk, size, "%s%s", d->dev, slash) < (int)size;
}

static bool has_partuuid(const struct device *d, const char *wanted)
{
	char uuid[MOAT_PARTUUID_MAX], disk[PATH_MAX], block[16];

	return d->number && disk_of(d, disk, sizeof(disk)) &&
	       read_attr(d, true, "queue/logical_block_size", block, sizeof(block)) &&
	       moat_partuuid_read(disk, strtoul(block, NULL, 10), d->number, uuid) == 0 &&
	       strcasecmp(uuid, wanted) == 0;
}

static bool has_partlabel(const struct device *d, const char *wanted)
{
	char path[PATH_MAX], *text, *label;
	bool has = false;

	snprintf(path, sizeof(path), "%s/%s/uevent", d->sys, d->name);
	if (!d->number || moat_file_read(path, &text))
		return false;
	label = strstr(text, "\nPARTNAME=");
	if (label) {
		label += strlen("\nPARTNAME=");
		label[strcspn(label, "\n")] = '\0';
		has = strcmp(label, wanted) == 0;
	}
	free(text);
	return has;
}

static bool has_dm_name(const struct device *d, const char *wanted)
{
	char name[NAME];

	return read_attr(d, false, "dm/name", name, sizeof(name)) &&
	       strcmp(name, wanted) == 0;
}

/* LVM calls its mapping GROUP-VOLUME, with every hyphen of theirs doubled. */
static bool has_volume(const struct device *d, const char *wanted)
{
	char uuid[NAME], name[2 * NAME];
	size_t len = 0;

	if (!read_attr(d, false, "dm/uuid", uuid, sizeof(uuid)) ||
	    strncmp(uuid, "LVM-", 4))
		return false;
	for (const char *c = wanted; *c && len + 2 < sizeof(name); c++) {
		if (*c == '-')
			name[len++] = '-';
		name[len++] = *c == '/' ? '-' : *c;
	}
	name[len] = '\0';
	return has_dm_name(d, name);
}

/* --- finding --------------------------------------------------------- */

struct kind {
	const char *prefix;
	bool (*has)(const struct device *d, const char *wanted);
	bool parts;	/* "-partN" is a partition of what has the rest */
};

static const struct kind kinds[] = {
	{ "/dev/disk/by-id/", has_id, true },
	{ "/dev/disk/by-path/", has_path, true },
	{ "/dev/disk/by-partuuid/", has_partuuid, false },
	{ "/dev/disk/by-partlabel/", has_partlabel, false },
	{ "/dev/mapper/", has_dm_name, false },
	{ "/dev/", has_volume, false },
};

static const struct kind *kind_of(const char *path, const char **wanted)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		size_t len = strlen(kinds[i].prefix);

		if (strncmp(path, kinds[i].prefix, len) == 0 && path[len]) {
			*wanted = path + len;
			return &kinds[i];
		}
	}
	return NULL;
}

/* Take "-partN" from the end of a name. Return: N, or 0. */
static unsigned int take_part(char *name)
{
	char *dash = strrchr(name, '-');
	unsigned int number;
	int end = 0;

	if (!dash || sscanf(dash, "-part%u%n", &number, &end) != 1 || dash[end])
		return 0;
	*dash = '\0';
	return number;
}

static bool matches(const struct device *d, const struct kind *kind, const char *wanted)
{
	char name[NAME];

	if (!kind->parts)
		return kind->has(d, wanted);
	snprintf(name, sizeof(name), "%s", wanted);
	return take_part(name) == d->number && kind->has(d, name);
}

int moat_name_find(const char *sys, const char *dev, const char *path, char *out,
		   size_t size)
{
	struct device d = { .sys = sys, .dev = dev };
	const struct kind *kind;
	const struct dirent *entry;
	const char *wanted;
	char number[16];
	int err = -ENOENT;
	DIR *dir;

	kind = kind_of(path, &wanted);
	dir = kind ? opendir(sys) : NULL;
	if (!dir)
		return -ENOENT;
	while (err != -ENOTUNIQ && (entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		d.name = entry->d_name;
		d.number = 0;
		if (read_attr(&d, false, "partition", number, sizeof(number)))
			d.number = strtoul(number, NULL, 10);
		if (!matches(&d, kind, wanted))
			continue;
		err = err ? 0 : -ENOTUNIQ;
		snprintf(out, size, "%s/%s", dev, d.name);
	}
	closedir(dir);
	/* sysfs has a "!" for what is a "/" in the name of a node */
	for (char *c = out; !err && *c; c++)
		if (*c == '!')
			*c = '/';
	return err;
}
