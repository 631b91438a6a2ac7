// SPDX-License-Identifier: GPL-2.0
/*
 * moatd: keeps storage domains running. Everything happens in one event loop:
 * watches of xenstore, ends of child processes, clients and time each lead to
 * one look at the world and to what decide.c makes of it.
 *
 * A look reads ten nodes of xenstore for each disk that has changed, and dom0 has
 * more to do. So what is known is kept (scan.c), a heartbeat leads to no look but at
 * the heartbeats, and behind a look moatd rests as long as that took: of a burst of
 * changes the first is seen at once, and the others together.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "../lib/log.h"
#include "act.h"
#include "command.h"
#include "hook.h"
#include "interest.h"
#include "note.h"
#include "notify.h"
#include "observe.h"
#include "owner.h"
#include "ready.h"
#include "server.h"
#include "unit.h"

/* moatd wakes at least so often, so that it can tell that it was late */
#define BEAT_MS 1000
#define LATE_MS 1000
#define LOST_WARN_MS 5000
/* looks in a row that took longer, after which that is how it is */
#define SLOW_LOOKS 4
/* after a step that failed */
#define RETRY_MS 100
/* at most, between two looks */
#define REST_MS 100
/* looks in a second before moatd rests that long behind each */
#define LOOKS_FREE 30
/* steps in one go, before others get their turn */
#define STEPS_MAX 64
#define RESUMED_MS 120000
#define LOCK_MS 1000

static struct moat_daemon moatd = { .loop.epoll_fd = -1 };
static struct moat_server *server;
static const char *config_path;
static struct moat_source store_source, timer_source, signal_source;
static msec last_beat;
static struct moat_hook hook;

static const char usage[] =
	"Usage: moatd [OPTION]...\n"
	"Keeps Moat's storage domains running; see moatd(8).\n"
	"\n"
	"  -c, --config FILE        read FILE instead of " MOAT_CONFIG_FILE "\n"
	"      --check-config FILE  check FILE and exit\n"
	"      --debug              log more\n"
	"  -h, --help               show this and exit\n"
	"  -V, --version            show the version and exit\n";

/* --- one look at the world --------------------------------------------- */

/* A standby that has become ready is told once, also across a restart. */
static void tell_standby(struct moat_unit *u)
{
	const struct moat_view_domain *d = &u->view.domain[MOAT_STANDBY];

	if (!d->ready || u->told_standby == d->domid)
		return;
	u->told_standby = d->domid;
	if (moat_xs_number(&u->daemon->xs, 0, MOAT_ROOT "/%s/standby-ready",
			   u->storage->name) == d->domid ||
	    moat_note_number(u, d->domid, "standby-ready"))
		return;
	moat_notice("%s: domain %u is ready to stand in", u->storage->name,
		    d->domid);
	moat_events_add(u->daemon->events, u->storage->name, "standby-ready",
			json_pack("{s:i}", "domid", (int)d->domid));
}

/* A domain that has our name and is not ours; told once, also across a restart. */
static void tell_foreign(struct moat_unit *u, enum moat_role role)
{
	const char *key = role == MOAT_STANDBY ? "foreign-1" : "foreign-0";
	const char *text = "a domain that is not Moat's has the name";
	unsigned int domid = u->view.foreign[role];

	if (!domid || u->told_foreign[role] == domid)
		return;
	u->told_foreign[role] = domid;
	if (moat_xs_number(&u->daemon->xs, 0, MOAT_ROOT "/%s/%s",
			   u->storage->name, key) == domid ||
	    moat_note_number(u, domid, key))
		return;
	moat_warn("%s: domain %u: %s; it is left alone", u->storage->name, domid,
		  text);
	moat_events_add(u->daemon->events, u->storage->name, "foreign",
			json_pack("{s:i, s:s}", "domid", (int)domid, "text",
				  text));
}

/* A device that somebody else's domain has; once for each. */
static void tell_holder(struct moat_unit *u, size_t index)
{
	const struct moat_view_pci *pci = &u->view.pci[index];
	const char *device = u->storage->pci[index];
	unsigned int holder = pci->foreign ? pci->domid : 0;
	char *name;

	if (u->told_holder[index] == holder)
		return;
	u->told_holder[index] = holder;
	if (!holder)
		return;
	name = moat_xs_get(&u->daemon->xs, "/local/domain/%u/name", holder);
	moat_warn("%s: %s is held by domain %u (%s)", u->storage->name, device,
		  holder, name ? name : "?");
	moat_events_add(u->daemon->events, u->storage->name, "device-held",
			json_pack("{s:i, s:s, s:s}", "domid", (int)holder,
				  "domain", name ? name : "", "device", device));
	free(name);
}

/*
 * Time in which moatd should have run and did not, in a look at the world too:
 * what was read may be as old as that.
 */
static void note_lost(struct moat_daemon *d, msec now)
{
	msec gap = now - last_beat;
	msec lost = gap > BEAT_MS + LATE_MS ? gap - BEAT_MS - LATE_MS : 0;

	last_beat = now;
	if (!lost)
		return;
	moat_log(lost > LOST_WARN_MS ? LOG_WARNING : LOG_DEBUG,
		 "did not run for %llu ms, which do not count",
		 (unsigned long long)lost);
	for (size_t i = 0; i < d->config.count; i++)
		d->units[i].lost += lost;
}

static int look(struct moat_unit *u, msec now)
{
	int err = moat_observe(u);

	u->looked = err ? 0 : now;
	if (!err)
		return 0;
	moat_err("%s: cannot look: %s", u->storage->name, strerror(-err));
	u->last = (struct moat_action) { 0 };
	u->last.until = moat_now() + BEAT_MS;
	return err;
}

/*
 * Where xenstore lets a look wait, nobody knows since when it has done so to those
 * who write their heartbeats there: all clocks begin anew. But where every look
 * takes so long, that would be never to judge anybody.
 */
static msec lost_in_look(struct moat_unit *u, msec took)
{
	if (took <= LATE_MS) {
		u->slow = 0;
		return u->lost;
	}
	if (++u->slow == SLOW_LOOKS)
		moat_warn("%s: every look takes longer than %u ms: xenstore is "
			  "slow", u->storage->name, LATE_MS);
	return u->slow >= SLOW_LOOKS ? u->lost : UINT64_MAX;
}

static bool is_noted(enum moat_act act)
{
	return act == MOAT_ACT_PHASE || act == MOAT_ACT_SERVED ||
	       act == MOAT_ACT_LEAVE || act == MOAT_ACT_DETACHED ||
	       act == MOAT_ACT_STALE || act == MOAT_ACT_OFFERED;
}

/* Look, decide, act, until nothing is to be done now; @beats: at the heartbeats only. */
static void settle(struct moat_unit *u, bool beats)
{
	u->last.act = MOAT_ACT_NONE;
	for (int steps = 0; steps < STEPS_MAX; steps++) {
		/* before the look: a heartbeat is never older than it seems */
		msec now = moat_now();
		int err;

		note_lost(u->daemon, now);
		/* some steps are only noted, in the view, too: nothing has changed */
		if (beats && !steps)
			moat_observe_beats(u);
		else if (!is_noted(u->last.act) && look(u, now))
			return;
		memset(u->beat, 0, sizeof(u->beat));
		u->view.lost = lost_in_look(u, moat_now() - now);
		u->lost = 0;
		tell_standby(u);
		for (int r = 0; r < MOAT_ROLES; r++)
			tell_foreign(u, r);
		for (size_t i = 0; i < u->view.pcis; i++)
			tell_holder(u, i);
		moat_decide(&u->view, &u->storage->limits, &u->slot, now,
			    &u->last);
		if (u->last.act == MOAT_ACT_NONE)
			return;
		err = moat_act(u, &u->last);
		if (err) {
			u->last.until = moat_now() + RETRY_MS;
			return;
		}
	}
	u->last.until = moat_now() + RETRY_MS;
}

/* Return: 0, or -errno if the connection is lost. */
static int fetch_watches(struct moat_daemon *d)
{
	char **event;

	errno = 0;
	while ((event = xs_check_watch(d->xs.handle)) != NULL) {
		moat_scan_heard(&d->scan, event[XS_WATCH_PATH]);
		moat_interest_heard(d, event[XS_WATCH_PATH]);
		free(event);
		errno = 0;
	}
	return errno == EAGAIN || errno == 0 ? 0 : -errno;
}

static void set_timer(msec when)
{
	struct itimerspec spec = {
		.it_value = { when / 1000, when % 1000 * 1000000 },
	};

	timerfd_settime(timer_source.fd, TFD_TIMER_ABSTIME, &spec, NULL);
}

static msec earlier(msec a, msec b)
{
	return !a || (b && b < a) ? b : a;
}

static bool has_beat(const struct moat_unit *u)
{
	return u->beat[MOAT_ACTIVE] || u->beat[MOAT_STANDBY];
}

/* When something is to be done though nothing changes. */
static msec next_time(struct moat_daemon *d, msec now)
{
	msec when = earlier(now + BEAT_MS, d->scan.again);

	for (size_t i = 0; i < d->config.count; i++) {
		struct moat_unit *u = &d->units[i];

		when = earlier(when, u->dirty || has_beat(u) ? u->rest : u->last.until);
		for (int r = 0; r < MOAT_ROLES; r++)
			when = earlier(when, moat_process_expire(
						     &u->process[r], now));
	}
	return when;
}

/* For as long as it has taken since then. */
static msec rest_until(struct moat_unit *u, msec began)
{
	msec now = moat_now(), took = now - began;

	if (now - u->second >= 1000) {
		u->second = now;
		u->looks = 0;
	}
	/* beyond what a recovery needs, somebody writes for writing's sake */
	if (++u->looks > LOOKS_FREE || took > REST_MS)
		took = REST_MS;
	return now + took;
}

static bool is_due(const struct moat_unit *u, msec now)
{
	const struct moat_scan *scan = &u->daemon->scan;

	return u->urgent || u->dirty ||
	       (scan->again && scan->again <= now) || u->lost || now - u->looked >= BEAT_MS ||
	       (u->last.until && u->last.until <= now);
}

static void attend_to(struct moat_unit *u, msec now)
{
	bool due = is_due(u, now);

	if ((now < u->rest && !u->urgent) || (!due && !has_beat(u)))
		return;
	if (due)
		u->dirty = u->urgent = false;
	settle(u, !due);
	u->rest = rest_until(u, now);
}

/* Those first for whom somebody waits. */
static void attend(struct moat_daemon *d, msec now)
{
	for (int waited = 1; waited >= 0; waited--)
		for (size_t i = 0; i < d->config.count; i++)
			if (d->units[i].waited_for == waited)
				attend_to(&d->units[i], now);
	for (size_t i = 0; i < d->config.count; i++)
		d->units[i].waited_for = d->units[i].view.recovery.on;
}

static int before_wait(void *context)
{
	struct moat_daemon *d = context;
	msec now = moat_now();
	int err = fetch_watches(d);

	if (err) {
		moat_err("xenstore: %s", strerror(-err));
		return err;
	}
	note_lost(d, now);
	attend(d, now);
	moat_ready_tell(d);
	moat_notify("WATCHDOG=1");
	set_timer(next_time(d, moat_now()));
	return 0;
}

/* --- sources ----------------------------------------------------------- */

static int store_ready(struct moat_source *source)
{
	(void)source;
	return 0;	/* before_wait() fetches the events */
}

static int timer_ready(struct moat_source *source)
{
	uint64_t ticks;

	(void)!read(source->fd, &ticks, sizeof(ticks));
	return 0;
}

static int job_ready(struct moat_source *source)
{
	moat_interest_hurry(&moatd);
	return moat_act_job_ended(source);
}

/* What may change does; the rest, and a file with a mistake in it, is logged. */
static void reload(struct moat_daemon *d)
{
	struct moat_config next;
	int err = moat_config_read(&next, config_path);

	moat_events_reopen(d->events);
	if (err)
		moat_err("the configuration stays as it was");
	else if (moat_config_take(&d->config, &next))
		moat_warn("the rest of the configuration as it was");
	else
		moat_notice("the configuration has been read anew");
	moat_config_deinit(&next);
	for (size_t i = 0; i < d->config.count; i++)
		d->units[i].dirty = true;
}

static int signal_ready(struct moat_source *source)
{
	struct signalfd_siginfo info;

	if (read(source->fd, &info, sizeof(info)) != sizeof(info))
		return 0;
	if (info.ssi_signo == SIGHUP) {
		reload(&moatd);
		return 0;
	}
	moat_notice("ending, by signal %u", info.ssi_signo);
	return 1;
}

static void told(void *context, const json_t *event)
{
	(void)context;
	if (server)
		moat_server_tell(server, event);
	moat_hook_tell(&hook, &moatd.loop, moatd.config.event_command, event);
}

static int add_source(struct moat_source *source, int fd,
		      int (*ready)(struct moat_source *source))
{
	if (fd < 0)
		return -errno;
	source->fd = fd;
	source->ready = ready;
	return moat_loop_add(&moatd.loop, source);
}

static int add_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	return add_source(&signal_source, signalfd(-1, &set, SFD_CLOEXEC),
			  signal_ready);
}

/* --- start and end ----------------------------------------------------- */

/*
 * A child of a moatd that was killed holds its lock until it becomes another
 * program, which is soon.
 */
static int wait_for_lock(int fd)
{
	msec until = moat_now() + LOCK_MS;

	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK || moat_now() > until)
			return -errno;
		poll(NULL, 0, 20);	/* check-ok: sleep: a poll step, see above */
	}
	return 0;
}

/* At one socket; owner.c sees to the whole host. */
static int lock(const char *socket)
{
	char *path, *slash;
	int fd, err;

	if (asprintf(&path, "%s.lock", socket) < 0)
		return -ENOMEM;
	slash = strrchr(path, '/');
	*slash = '\0';
	mkdir(path, 0755);
	*slash = '/';
	fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	err = fd < 0 ? -errno : wait_for_lock(fd);
	if (err)
		moat_err("%s: %s", path, err == -EWOULDBLOCK ?
						 "another moatd is running" :
						 strerror(-err));
	free(path);
	return err;	/* the descriptor stays open as long as we live */
}

static int own(struct moat_daemon *d)
{
	int other = 0, err = moat_owner_claim(&d->xs, &other);

	if (err == -EBUSY)
		moat_err("another moatd is running: process %d", other);
	else if (err)
		moat_err("xenstore: %s", strerror(-err));
	return err;
}

static int open_store(struct moat_daemon *d)
{
	struct xs_permissions perms = { .id = 0, .perms = XS_PERM_NONE };

	d->xs.handle = xs_open(0);
	if (!d->xs.handle) {
		int err = errno ? errno : EIO;

		moat_err("xenstore: %s", strerror(err));
		return -err;
	}
	/* our notes are nobody else's business */
	if (!xs_mkdir(d->xs.handle, XBT_NULL, "/moat") ||
	    !xs_set_permissions(d->xs.handle, XBT_NULL, "/moat", &perms, 1) ||
	    !xs_watch(d->xs.handle, "@releaseDomain", "release") ||
	    !xs_watch(d->xs.handle, "@introduceDomain", "introduce") ||
	    !xs_watch(d->xs.handle, "/local/domain", "domain")) {
		int err = errno;

		moat_err("xenstore: %s", strerror(err));
		return -err;
	}
	return add_source(&store_source, xs_fileno(d->xs.handle), store_ready);
}

static int init_unit(struct moat_daemon *d, struct moat_unit *u,
		     const struct moat_storage *storage)
{
	u->storage = storage;
	u->daemon = d;
	for (int r = 0; r < MOAT_ROLES; r++) {
		if (asprintf(&u->record[r], MOAT_ROOT "/%s/job-%d",
			     storage->name, r) < 0)
			return -ENOMEM;
		moat_process_init(&u->process[r], u->record[r]);
		u->process[r].context = d;
		u->process[r].source.ready = job_ready;
		moat_process_resume(&u->process[r], &d->xs, &d->loop,
				    moat_now() + RESUMED_MS);
	}
	return 0;
}

/* One that the configuration had once may run still, and nobody sees to it. */
static void name_forgotten(struct moat_daemon *d)
{
	unsigned int count;
	char **names = moat_xs_list(&d->xs, &count, MOAT_ROOT);

	for (unsigned int i = 0; i < count; i++) {
		bool known = false;

		for (size_t k = 0; k < d->config.count && !known; k++)
			known = strcmp(names[i], d->config.storages[k].name) == 0;
		if (!known)
			moat_warn("storage domain %s is not in the configuration "
				  "any more: nobody sees to it", names[i]);
	}
	free(names);
}

static int init_units(struct moat_daemon *d)
{
	int err = 0;

	d->units = calloc(d->config.count, sizeof(*d->units));
	if (!d->units)
		return -ENOMEM;
	for (size_t i = 0; i < d->config.count && !err; i++)
		err = init_unit(d, &d->units[i], &d->config.storages[i]);
	return err;
}

static int set_up(struct moat_daemon *d)
{
	int err = lock(d->config.socket);

	if (!err)
		err = moat_loop_init(&d->loop);
	if (!err)
		err = add_signals();
	if (!err)
		err = add_source(&timer_source,
				 timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC |
						TFD_NONBLOCK), timer_ready);
	if (!err)
		err = open_store(d);
	if (err)
		return err;
	err = own(d);
	if (err)
		return err;
	err = moat_hyper_open(&d->hyper);
	if (err) {
		moat_err("hypervisor: %s", strerror(-err));
		return err;
	}
	d->events = moat_events_create(d->config.events, told, NULL);
	if (!d->events)
		return -ENOMEM;
	name_forgotten(d);
	err = init_units(d);
	if (!err)
		err = moat_server_create(&server, &d->loop, d->config.socket,
					 moat_command, d);
	if (err)
		moat_err("%s: %s", d->config.socket, strerror(-err));
	return err;
}

static int run(struct moat_daemon *d)
{
	int err = set_up(d);

	if (err)
		return err;
	moat_interest_hurry(d);
	d->loop.before_wait = before_wait;
	d->loop.context = d;
	last_beat = d->began = moat_now();
	moat_notice("version %s, %zu storage domains", MOAT_VERSION,
		    d->config.count);
	err = moat_loop_run(&d->loop);
	moat_notify("STOPPING=1");
	return err;
}

/* Jobs go on; the next moatd finds them. */
static void clean_up(struct moat_daemon *d)
{
	moat_server_destroy(server);
	server = NULL;
	for (size_t i = 0; d->units && i < d->config.count; i++) {
		struct moat_unit *u = &d->units[i];

		free(u->view.disks);
		free(u->old);
		for (int r = 0; r < MOAT_ROLES; r++)
			free(u->record[r]);
	}
	free(d->units);
	moat_hook_deinit(&hook);
	moat_events_destroy(d->events);
	moat_scan_deinit(&d->scan);
	moat_hyper_close(d->hyper);
	xs_close(d->xs.handle);
	moat_loop_deinit(&d->loop);
	moat_config_deinit(&d->config);
}

static int check_config(const char *path)
{
	struct moat_config config;
	int err = moat_config_read(&config, path);

	moat_config_deinit(&config);
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int serve(const char *path)
{
	int err = moat_config_read(&moatd.config, path);

	config_path = path;
	if (!err)
		err = run(&moatd);
	clean_up(&moatd);
	return err < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char *argv[])
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "check-config", required_argument, NULL, 'k' },
		{ "debug", no_argument, NULL, 'd' },
		/* for ourselves, see act.c */
		{ "destroy", required_argument, NULL, 'D' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	const char *path = MOAT_CONFIG_FILE;
	int option;

	moat_log_init("moatd", false);
	while ((option = getopt_long(argc, argv, "c:hV", options, NULL)) != -1)
		switch (option) {
		case 'c':
			path = optarg;
			break;
		case 'k':
			return check_config(optarg);
		case 'd':
			moat_log_level(LOG_DEBUG);
			break;
		case 'D':
			return moat_hyper_destroy_command(strtoul(optarg, NULL,
								  10));
		case 'h':
			fputs(usage, stdout);
			return EXIT_SUCCESS;
		case 'V':
			printf("moatd %s\n", MOAT_VERSION);
			return EXIT_SUCCESS;
		default:
			fputs("Try 'moatd --help'.\n", stderr);
			return 2;
		}
	if (optind == argc)
		return serve(path);
	fputs(usage, stderr);
	return 2;
}
