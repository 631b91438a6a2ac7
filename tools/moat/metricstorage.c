// SPDX-License-Identifier: GPL-2.0
/*
 * moat metrics: storage domains, by what moatd says. A value that is not known
 * has no sample: a gap in a graph is the truth, a zero would be none.
 */
#include "metrics.h"

#include "condition.h"
#include "event.h"
#include "field.h"

#include <string.h>

/* Writes the samples of a family for one storage domain. */
typedef void sample_fn(struct moat_metric_sink *sink, const json_t *storage,
		       const char *name);

static void put(struct moat_metric_sink *sink, const char *storage,
		double value)
{
	const struct moat_metric_label labels[] = {
		{ "storage", storage }, { NULL, NULL },
	};

	moat_metric_gauge(sink, labels, value);
}

/* A sample for each word of a set: 1 for the one that holds. */
static void put_set(struct moat_metric_sink *sink, const char *storage,
		    const char *key, const char *const *words, const char *word)
{
	bool known = false;

	for (; *words; words++) {
		const struct moat_metric_label labels[] = {
			{ "storage", storage }, { key, *words }, { NULL, NULL },
		};

		known |= strcmp(*words, word) == 0;
		moat_metric_gauge(sink, labels, strcmp(*words, word) == 0);
	}
	if (!known && *word) {
		const struct moat_metric_label labels[] = {
			{ "storage", storage }, { key, word }, { NULL, NULL },
		};

		moat_metric_gauge(sink, labels, 1);
	}
}

static void put_condition(struct moat_metric_sink *sink, const json_t *storage,
			  const char *name)
{
	static const char * const words[] = { "ok", "degraded", "down", NULL };

	put_set(sink, name, "condition", words,
		moat_field_text(storage, "condition"));
}

static void put_state(struct moat_metric_sink *sink, const json_t *storage,
		      const char *name)
{
	static const char * const words[] = {
		"absent", "booting", "ready", "recovering", "upgrading",
		"waiting", "suspended", "foreign", "held", "gave-up", NULL,
	};

	put_set(sink, name, "state", words, moat_field_text(storage, "state"));
}

static void put_held(struct moat_metric_sink *sink, const json_t *storage,
		     const char *name)
{
	const json_t *held = json_object_get(storage, "held");

	/* an earlier moatd does not say */
	if (json_is_boolean(held))
		put(sink, name, json_is_true(held));
}

static void put_problems(struct moat_metric_sink *sink, const json_t *storage,
			 const char *name)
{
	put(sink, name, json_array_size(json_object_get(storage, "problems")));
}

static void put_standby(struct moat_metric_sink *sink, const json_t *storage,
			const char *name)
{
	const json_t *standby = json_object_get(storage, "standby");

	put(sink, name,
	    strcmp(moat_field_text(standby, "state"), "ready") == 0);
}

static void put_away(struct moat_metric_sink *sink, const json_t *storage,
		     const char *name)
{
	double own = moat_field_number(storage, "domid");
	const json_t *device;
	size_t i, away = 0;

	json_array_foreach(json_object_get(storage, "pci"), i, device)
		away += moat_field_number(device, "domid") != own;
	put(sink, name, away);
}

static void put_seconds(struct moat_metric_sink *sink, const json_t *object,
			const char *key, const char *name)
{
	double ms = moat_field_number(object, key);

	if (ms >= 0)
		put(sink, name, ms / 1e3);
}

static void put_heartbeat(struct moat_metric_sink *sink, const json_t *storage,
			  const char *name)
{
	put_seconds(sink, storage, "heartbeat_age_ms", name);
}

static void put_poller(struct moat_metric_sink *sink, const json_t *storage,
		       const char *name)
{
	put_seconds(sink, json_object_get(storage, "health"), "poller_ms",
		    name);
}

static void put_device(struct moat_metric_sink *sink, const json_t *storage,
		       const char *name)
{
	put_seconds(sink, json_object_get(storage, "health"), "device_ms",
		    name);
}

static void put_recoveries(struct moat_metric_sink *sink,
			   const json_t *storage, const char *name)
{
	const struct moat_metric_label labels[] = {
		{ "storage", name }, { NULL, NULL },
	};
	double recoveries = moat_field_number(storage, "recoveries");

	if (recoveries >= 0)
		moat_metric_counter(sink, labels, (uint64_t)recoveries);
}

static void put_crashes(struct moat_metric_sink *sink, const json_t *storage,
			const char *name)
{
	double crashes = moat_field_number(storage, "crashes");

	if (crashes >= 0)
		put(sink, name, crashes);
}

static void put_last_time(struct moat_metric_sink *sink, const json_t *storage,
			  const char *name)
{
	struct moat_event event;

	if (moat_event_decode(json_object_get(storage, "last"), &event) == 0 &&
	    event.seconds >= 0)
		put(sink, name, event.seconds);
}

static void put_last_phases(struct moat_metric_sink *sink,
			    const json_t *storage, const char *name)
{
	struct moat_event event;

	if (moat_event_decode(json_object_get(storage, "last"), &event))
		return;
	for (size_t i = 0; i < MOAT_PHASE_COUNT; i++) {
		const struct moat_metric_label labels[] = {
			{ "storage", name },
			{ "phase", moat_phase_names[i] },
			{ NULL, NULL },
		};

		if (event.phases[i] >= 0)
			moat_metric_gauge(sink, labels, event.phases[i] / 1e3);
	}
}

static const struct {
	struct moat_metric_family family;
	sample_fn *sample;
} families[] = {
	{ { "moat_storage_condition", MOAT_METRIC_GAUGE, NULL,
	    "1 for the condition that the storage domain is in" },
	  put_condition },
	{ { "moat_storage_state", MOAT_METRIC_GAUGE, NULL,
	    "1 for the state that moatd sees the storage domain in" },
	  put_state },
	{ { "moat_storage_held", MOAT_METRIC_GAUGE, NULL,
	    "1 if moatd leaves the storage domain alone, as a person wants" },
	  put_held },
	{ { "moat_storage_problems", MOAT_METRIC_GAUGE, NULL,
	    "Problems that moat status -x tells" }, put_problems },
	{ { "moat_storage_standby_ready", MOAT_METRIC_GAUGE, NULL,
	    "1 if a standby could take over at once" }, put_standby },
	{ { "moat_storage_devices_away", MOAT_METRIC_GAUGE, NULL,
	    "PCI devices that are not with the storage domain" }, put_away },
	{ { "moat_storage_heartbeat_age_seconds", MOAT_METRIC_GAUGE, "seconds",
	    "Since the last sign of life" }, put_heartbeat },
	{ { "moat_storage_poller_wait_seconds", MOAT_METRIC_GAUGE, "seconds",
	    "Age of the oldest call that a poller has not answered" },
	  put_poller },
	{ { "moat_storage_device_wait_seconds", MOAT_METRIC_GAUGE, "seconds",
	    "How long a device with work to do has done nothing" },
	  put_device },
	{ { "moat_storage_recoveries", MOAT_METRIC_COUNTER, NULL,
	    "Times the storage domain was replaced, since moatd started" },
	  put_recoveries },
	{ { "moat_storage_crashes", MOAT_METRIC_GAUGE, NULL,
	    "Crashes within crash_window" }, put_crashes },
	{ { "moat_storage_last_recovery_timestamp_seconds", MOAT_METRIC_GAUGE,
	    "seconds", "When it was replaced last" }, put_last_time },
	{ { "moat_storage_last_recovery_seconds", MOAT_METRIC_GAUGE, "seconds",
	    "How long each phase of that took" }, put_last_phases },
};

void moat_metrics_storage(struct moat_metric_sink *sink, const json_t *list)
{
	for (size_t f = 0; f < sizeof(families) / sizeof(*families); f++) {
		const json_t *storage;
		size_t i;

		moat_metric_begin(sink, &families[f].family);
		json_array_foreach(list, i, storage)
			families[f].sample(sink, storage,
					   moat_field_text(storage, "name"));
	}
}
