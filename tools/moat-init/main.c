// SPDX-License-Identifier: GPL-2.0
/*
 * moat-init: PID 1 of a storage domain, or, in a domain with another init,
 * only the part that serves back ends (--serve).
 *
 * Everything happens in one event loop: signals, xenstore and the kernel's
 * device announcements; only the heartbeat has a thread of its own. Whoever
 * fills one of the loop's sources gets a bounded part of each turn. What cannot
 * be mended ends the program, and a PID 1 that ends takes the domain down:
 * whoever watches over the domain learns it at once.
 */
#include <errno.h>
#include <getopt.h>
#include <glob.h>
#include <malloc.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "../lib/file.h"
#include "../lib/log.h"
#include "../lib/store.h"
#include "aside.h"
#include "backend.h"
#include "children.h"
#include "health.h"
#include "heartbeat.h"
#include "../lib/loop.h"
#include "modules.h"
#include "mounts.h"
#include "processor.h"
#include "shutdown.h"
#include "uevent.h"

/* a uevent is at most two pages */
#define UEVENT_BYTES 8192

/*
 * So many of one source's are taken in a turn of the loop: more than come while
 * those of the last turn are seen to, and few enough not to be noticed.
 */
#define EVENTS_A_TURN 1024

struct init {
	bool pid1;
	struct moat_loop loop;
	struct moat_store *store;
	struct moat_source store_source;
	struct moat_source uevent_source;
	struct moat_source signal_source;
	struct moat_heartbeat heartbeat;
	struct moat_backends *backends;
	struct moat_modules modules;
	const char *shutdown;	/* verb, once asked for */
};

/* The callbacks are given a member; this is the only one there is. */
static struct init init = {
	.loop.epoll_fd = -1,
	.store_source.fd = -1,
	.uevent_source.fd = -1,
	.signal_source.fd = -1,
};

static const char usage[] =
	"Usage: moat-init [OPTION]...\n"
	"The init of a Moat storage domain. Run as PID 1 it takes no options; see\n"
	"moat-init(8) for the files and the kernel's command line it reads.\n"
	"\n"
	"      --serve      serve back ends only, in a domain with another init\n"
	"                   (instead of xl devd)\n"
	"      --debug      log more\n"
	"  -h, --help       show this and exit\n"
	"  -V, --version    show the version and exit\n"
	"\n"
	"Called as poweroff, reboot or halt, it asks PID 1 to do that.\n";

/* --- xenstore -------------------------------------------------------- */

static int store_ready(struct moat_source *source)
{
	(void)source;
	return 0;	/* before_wait() fetches the events */
}

static int connect_store(struct init *in)
{
	int err = moat_store_open(&in->store, NULL);

	if (err) {
		moat_err("xenstore: %s", strerror(-err));
		return err;
	}
	in->store_source.fd = moat_store_fd(in->store);
	in->store_source.ready = store_ready;
	err = moat_loop_add(&in->loop, &in->store_source);
	if (err)
		moat_err("epoll: %s", strerror(-err));
	return err;
}

/* The connection broke: make a new one and look at everything anew. */
static int reconnect_store(struct init *in)
{
	int err;

	moat_warn("xenstore: connection lost, connecting again");
	moat_loop_remove(&in->loop, &in->store_source);
	moat_store_close(in->store);
	in->store = NULL;
	err = connect_store(in);
	if (err)
		return err;
	return moat_backends_watch(in->backends);
}

static int fetch_events(struct init *in)
{
	struct moat_store_event event;
	int got = 1;

	for (int i = 0; i < EVENTS_A_TURN && got == 1; i++) {
		got = moat_store_event(in->store, &event);
		if (got == 1)
			moat_backends_event(in->backends, &event);
	}
	if (got == -EOVERFLOW) {
		moat_warn("xenstore: events lost for want of memory; looking "
			  "at everything again");
		moat_backends_look_again(in->backends);
		return 0;
	}
	return got < 0 ? got : 0;
}

/*
 * Settling makes requests, during which further events arrive and are queued
 * where no descriptor shows them. They are for the next turn: somebody may write
 * faster than we can look.
 */
static int before_wait(void *context)
{
	struct init *in = context;
	int err = fetch_events(in);

	if (!err)
		err = moat_backends_settle(in->backends);
	if (err)
		err = reconnect_store(in);
	in->loop.more = !err && (moat_store_pending(in->store) ||
				 moat_backends_unsettled(in->backends));
	return err;
}

/* --- the kernel's announcements -------------------------------------- */

static bool is_coming(const struct moat_uevent *ev)
{
	return strcmp(ev->action, "add") == 0 ||
	       strcmp(ev->action, "change") == 0;
}

/*
 * Loading a module may mean to wait for its devices, for longer than a heart
 * may stand still: a child does it. SIGCHLD reaps it.
 *
 * Return: 0 in the child, which is to end with _exit(); less than 0: there is none, and
 * the log says what comes of that.
 */
static pid_t fork_aside(const char *otherwise)
{
	pid_t pid = fork();

	if (pid < 0)
		moat_warn("fork: %s; %s", strerror(errno), otherwise);
	return pid;
}

static void load_aside(const char *modalias)
{
	pid_t pid;

	if (!moat_modules_wants(&init.modules, modalias))
		return;
	pid = fork_aside("loading a module ourselves");
	if (pid <= 0)
		moat_modules_load_alias(&init.modules, modalias);
	if (pid == 0)
		_exit(0);
}

/* Look at all devices, which may mean to load modules. */
static void coldplug_aside(void)
{
	if (fork_aside("devices may lack their modules, and processors stay unused"))
		return;
	moat_modules_coldplug(&init.modules);
	moat_processors_use();
	_exit(0);
}

/* A processor has come. */
static void use_processor_aside(const char *devpath)
{
	if (fork_aside("a processor stays unused"))
		return;
	moat_processor_use(devpath);
	_exit(0);
}

static void take_uevent(const struct moat_uevent *ev)
{
	if (strcmp(ev->subsystem, "block") == 0) {
		moat_debug("block device %s: %s", ev->devname, ev->action);
		if (is_coming(ev))
			moat_backends_device_appeared(init.backends);
	} else if (strcmp(ev->subsystem, "xen-backend") == 0) {
		/* perhaps a driver has let a node go */
		moat_backends_look_again(init.backends);
	}
	if (strcmp(ev->subsystem, "pci") == 0)
		moat_backends_bare(init.backends, false);
	if (moat_uevent_is_hardware(ev))
		moat_backends_hardware(init.backends);
	if (strcmp(ev->subsystem, "cpu") == 0 && strcmp(ev->action, "add") == 0 && init.pid1)
		use_processor_aside(ev->devpath);
	if (*ev->modalias && is_coming(ev) && init.pid1)
		load_aside(ev->modalias);
}

static int uevent_ready(struct moat_source *source)
{
	char buf[UEVENT_BYTES];
	struct moat_uevent ev;
	int got = 1;

	for (int i = 0; i < EVENTS_A_TURN && got == 1; i++) {
		got = moat_uevent_next(source->fd, buf, sizeof(buf), &ev);
		if (got == 1)
			take_uevent(&ev);
	}
	if (got == -ENOBUFS) {
		moat_warn("device announcements lost; looking at all devices");
		if (init.pid1)
			coldplug_aside();
		moat_backends_hardware(init.backends);
		moat_backends_device_appeared(init.backends);
		moat_backends_look_again(init.backends);
		return 0;
	}
	return got < 0 ? got : 0;
}

static int open_uevents(struct init *in)
{
	int fd = moat_uevent_open();

	if (fd < 0) {
		moat_err("uevent socket: %s", strerror(-fd));
		return fd;
	}
	in->uevent_source.fd = fd;
	in->uevent_source.ready = uevent_ready;
	return moat_loop_add(&in->loop, &in->uevent_source);
}

/* --- what did not answer --------------------------------------------- */

static int came_back(struct moat_source *source)
{
	(void)source;
	moat_aside_heard();
	moat_backends_device_appeared(init.backends);
	return 0;
}

static int open_aside(struct init *in)
{
	struct moat_source *source = moat_aside_source();

	if (!source)
		return -EMFILE;
	source->ready = came_back;
	return moat_loop_add(&in->loop, source);
}

/* --- signals --------------------------------------------------------- */

static int signal_ready(struct moat_source *source)
{
	struct signalfd_siginfo info;

	while (read(source->fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGCHLD) {
			moat_children_reap();
			continue;
		}
		init.shutdown = moat_shutdown_verb(info.ssi_signo);
		if (init.shutdown)
			return 1;
	}
	return 0;
}

static int open_signals(struct init *in)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	moat_shutdown_signals(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	in->signal_source.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	in->signal_source.ready = signal_ready;
	if (in->signal_source.fd < 0)
		return -errno;
	return moat_loop_add(&in->loop, &in->signal_source);
}

/* --- start and end --------------------------------------------------- */

/* What only the init of the domain does, before it serves. */
static int boot(struct init *in)
{
	char *sysctl;
	int err, failed;

	err = moat_modules_init(&in->modules);
	if (err)
		return err;
	if (strstr(in->modules.cmdline, "moat.log=debug"))
		moat_log_level(LOG_DEBUG);
	if (moat_file_read(MOAT_SYSCTL_CONFIG, &sysctl) == 0) {
		moat_mounts_sysctl(sysctl, MOAT_SYSCTL_CONFIG);
		free(sysctl);
	}
	failed = moat_modules_load_listed(&in->modules);
	if (failed)
		moat_err("%d of the modules in %s not loaded", failed,
			 MOAT_MODULES_CONFIG);
	moat_modules_coldplug(&in->modules);
	return 0;
}

static bool has_pci(void)
{
	glob_t found;
	bool any = glob("/sys/bus/pci/devices/*", 0, NULL, &found) == 0;

	globfree(&found);
	return any;
}

static int serve(struct init *in)
{
	int err = moat_backends_watch(in->backends);

	if (err) {
		moat_err("xenstore watch: %s", strerror(-err));
		return err;
	}
	in->loop.before_wait = before_wait;
	in->loop.context = in;
	/* what boot() has found may have its devices yet to come */
	moat_backends_hardware(in->backends);
	if (in->pid1 && !has_pci())
		moat_backends_bare(in->backends, true);
	/* nodes that were there before us, before anyone is told "ready" */
	do {
		err = before_wait(in);
		if (err)
			return err;
	} while (moat_backends_unseen(in->backends));
	if (in->pid1)
		moat_children_start(MOAT_RUN_DIR);
	moat_heartbeat_state(&in->heartbeat, "ready");
	moat_notice("ready");
	return moat_loop_run(&in->loop);
}

/*
 * A late heartbeat looks like a dead domain. Pollers share the processor with
 * us and may spin: with the highest weight we run as soon as we wake. A domain
 * without memory says so by a panic: until then we must not have to wait for a
 * page. What fails here costs nothing but time.
 */
static void be_prompt(void)
{
	if (setpriority(PRIO_PROCESS, 0, -20) < 0)
		moat_debug("priority not raised: %s", strerror(errno));
	/* nor is there memory to spare for a heap of each thread's */
	mallopt(M_ARENA_MAX, 1);
	if (mlockall(MCL_CURRENT | MCL_FUTURE) < 0)
		moat_debug("memory not locked: %s", strerror(errno));
}

static int run(struct init *in)
{
	int err = moat_loop_init(&in->loop);

	be_prompt();
	if (!err)
		err = open_signals(in);
	/* behind the signals: they are blocked there, too */
	if (!err)
		err = moat_heartbeat_start(&in->heartbeat);
	if (!err)
		err = open_uevents(in);
	if (!err)
		err = open_aside(in);
	if (!err)
		err = connect_store(in);
	if (err)
		return err;
	in->backends = moat_backends_create(&in->store);
	if (!in->backends)
		return -ENOMEM;
	err = moat_loop_add(&in->loop, moat_backends_timer(in->backends));
	if (!err && in->pid1)
		err = boot(in);
	return err ? err : serve(in);
}

static void clean_up(struct init *in)
{
	moat_heartbeat_state(&in->heartbeat, "stopping");
	moat_backends_destroy(in->backends);
	if (!moat_heartbeat_stop(&in->heartbeat))
		moat_warn("xenstore does not answer; our last word is not told");
	moat_health_end();
	moat_store_close(in->store);
	moat_modules_deinit(&in->modules);
	if (in->uevent_source.fd >= 0)
		close(in->uevent_source.fd);
	if (in->signal_source.fd >= 0)
		close(in->signal_source.fd);
	moat_loop_deinit(&in->loop);
}

static int run_as_pid1(void)
{
	int err;

	init.pid1 = true;
	moat_mounts_init();
	moat_mounts_stdio();
	moat_log_init("moat-init", true);
	/* our lines are few, and the one that counts must not be dropped */
	moat_mounts_sysctl("kernel.printk_devkmsg=on", "moat-init");
	moat_notice("version %s", MOAT_VERSION);
	err = run(&init);
	if (err < 0)
		moat_err("cannot go on: %s", strerror(-err));
	if (!init.shutdown)
		return EXIT_FAILURE;	/* the kernel panics, as it should */
	moat_heartbeat_state(&init.heartbeat, "stopping");
	moat_shutdown_now(init.shutdown);
}

static int run_as_server(void)
{
	int err = run(&init);

	/* as PID 1 we take nothing back: an end that takes too long is no end */
	clean_up(&init);
	if (err < 0)
		fprintf(stderr, "moat-init: %s\n", strerror(-err));
	return err < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

int main(int argc, char *argv[])
{
	static const struct option options[] = {
		{ "serve", no_argument, NULL, 's' },
		{ "debug", no_argument, NULL, 'd' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	bool only_serve = false;
	int option, err;

	if (getpid() == 1)
		return run_as_pid1();
	err = moat_shutdown_request(base_name(argv[0]));
	if (err != -EINVAL)
		return err ? EXIT_FAILURE : EXIT_SUCCESS;
	moat_log_init("moat-init", false);
	while ((option = getopt_long(argc, argv, "hV", options, NULL)) != -1)
		switch (option) {
		case 's':
			only_serve = true;
			break;
		case 'd':
			moat_log_level(LOG_DEBUG);
			break;
		case 'h':
			fputs(usage, stdout);
			return EXIT_SUCCESS;
		case 'V':
			printf("moat-init %s\n", MOAT_VERSION);
			return EXIT_SUCCESS;
		default:
			fputs("Try 'moat-init --help'.\n", stderr);
			return 2;
		}
	if (only_serve && optind == argc)
		return run_as_server();
	fputs(usage, stderr);
	return 2;
}
