// SPDX-License-Identifier: GPL-2.0
/*
 * As much of libxl as moat-create uses, made of files. In the directory $MOAT_FAKE_XEN:
 * holder.DOMID, the uuid of who has the domid, or "dying N": gone when it has been asked for
 * N times; fail.CALL: that call fails; thief: somebody takes the domid while it is being
 * created. What is created is written to created.DOMID, and unpaused.DOMID is made.
 */
#include <errno.h>
#include <libxl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/moat-create/pciback.h"

static char *json;

static const char *path_of(const char *format, const char *word, unsigned int domid)
{
	static char path[512];
	int used = snprintf(path, sizeof(path), "%s/", getenv("MOAT_FAKE_XEN"));

	snprintf(path + used, sizeof(path) - used, format, word, domid);
	return path;
}

static bool fails(const char *call)
{
	return access(path_of("fail.%s", call, 0), F_OK) == 0;
}

static void put(const char *format, const char *word, unsigned int domid, const char *text)
{
	FILE *file = fopen(path_of(format, word, domid), "w");

	if (!file)
		abort();
	fputs(text, file);
	fclose(file);
}

int libxl_ctx_alloc(libxl_ctx **ctx, int version, unsigned int flags, xentoollog_logger *log)
{
	(void)version;
	(void)flags;
	(void)log;
	if (fails("ctx"))
		return ERROR_FAIL;
	*ctx = calloc(1, 1);
	return *ctx ? 0 : ERROR_NOMEM;
}

int libxl_ctx_free(libxl_ctx *ctx)
{
	free(ctx);
	return 0;
}

void libxl_domain_config_init(libxl_domain_config *config)
{
	memset(config, 0, sizeof(*config));
}

void libxl_domain_config_dispose(libxl_domain_config *config)
{
	(void)config;
	free(json);
	json = NULL;
}

/* As often as it is asked for: pciback.DOMID says how often still. */
bool moat_pciback_holds(unsigned int domid)
{
	const char *path = path_of("pciback%s%u", ".", domid);
	FILE *file = fopen(path, "r");
	char text[16];
	int left = 0;

	if (!file)
		return false;
	if (fscanf(file, "%d", &left) != 1)
		abort();
	fclose(file);
	snprintf(text, sizeof(text), "%d", left - 1);
	if (left)
		put("pciback%s%u", ".", domid, text);
	else
		unlink(path);
	return true;
}

/* Any text of its length. */
int libxl_uuid_from_string(libxl_uuid *uuid, const char *in)
{
	if (strlen(in) != sizeof(*uuid))
		return -1;
	memcpy(uuid, in, sizeof(*uuid));
	return 0;
}

int libxl_domain_destroy(libxl_ctx *ctx, uint32_t domid, const libxl_asyncop_how *ao)
{
	(void)ctx;
	(void)ao;
	if (fails("destroy"))
		return ERROR_FAIL;
	if (access(path_of("pciback%s%u", ".", domid), F_OK) == 0)
		abort();
	put("history", "", 0, "");
	put("holder%s%u", ".", domid, "dying 3");
	put("destroyed%s%u", ".", domid, "");
	return fails("destroy-late") ? ERROR_FAIL : 0;
}

/* A text that begins with the uuid, in our JSON. */
int libxl_domain_config_from_json(libxl_ctx *ctx, libxl_domain_config *config, const char *text)
{
	(void)ctx;
	if (strncmp(text, "{\"uuid\": \"", 10) != 0)
		return ERROR_INVAL;
	memcpy(&config->c_info.uuid, text + 10, sizeof(config->c_info.uuid));
	config->num_pcidevs = strstr(text, "pcidevs") != NULL;
	json = strdup(text);
	return json ? 0 : ERROR_NOMEM;
}

void libxl_dominfo_init(libxl_dominfo *info)
{
	memset(info, 0, sizeof(*info));
}

void libxl_dominfo_dispose(libxl_dominfo *info)
{
	(void)info;
}

int libxl_domain_info(libxl_ctx *ctx, libxl_dominfo *info, uint32_t domid)
{
	FILE *file = fopen(path_of("holder%s%u", ".", domid), "r");
	char text[64] = "";
	int left;

	(void)ctx;
	if (fails("info"))
		return ERROR_FAIL;
	if (!file)
		return ERROR_DOMAIN_NOTFOUND;
	if (!fgets(text, sizeof(text), file))
		abort();
	fclose(file);
	if (sscanf(text, "dying %d", &left) == 1) {
		info->dying = true;
		snprintf(text, sizeof(text), "dying %d", left - 1);
		if (left)
			put("holder%s%u", ".", domid, text);
		else
			unlink(path_of("holder%s%u", ".", domid));
	}
	memcpy(&info->uuid, text, sizeof(info->uuid));
	return 0;
}

int libxl_clear_domid_history(libxl_ctx *ctx)
{
	(void)ctx;
	if (fails("clear"))
		return ERROR_FAIL;
	unlink(path_of("%shistory", "", 0));
	return 0;
}

int libxl_domain_create_new(libxl_ctx *ctx, libxl_domain_config *config, uint32_t *domid,
			    const libxl_asyncop_how *ao, const libxl_asyncprogress_how *progress)
{
	(void)ctx;
	(void)ao;
	(void)progress;
	/* A node at the place of one that pciback still has is none to pciback. */
	if (config->num_pcidevs &&
	    access(path_of("pciback%s%u", ".", config->c_info.domid), F_OK) == 0)
		abort();
	if (access(path_of("%sthief", "", 0), F_OK) == 0)
		put("holder%s%u", ".", config->c_info.domid, "somebody-else-00");
	if (access(path_of("holder%s%u", ".", config->c_info.domid), F_OK) == 0 ||
	    access(path_of("%shistory", "", 0), F_OK) == 0 || fails("create"))
		return ERROR_FAIL;
	put("%screated.%u", "", config->c_info.domid, json);
	*domid = config->c_info.domid;
	return 0;
}

int libxl_domain_unpause(libxl_ctx *ctx, uint32_t domid, const libxl_asyncop_how *ao)
{
	(void)ctx;
	(void)ao;
	if (fails("unpause"))
		return ERROR_FAIL;
	put("%sunpaused.%u", "", domid, "");
	return 0;
}
