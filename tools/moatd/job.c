// SPDX-License-Identifier: GPL-2.0
/*
 * Processes. A child waits on a pipe until it is written down; if moatd dies
 * before that, the pipe ends and the child with it.
 */
#include "job.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/file.h"
#include "../lib/log.h"

#define LATE_POLL_MS 1000

static const char *const job_names[] = {
	[MOAT_JOB_NONE] = "none",	[MOAT_JOB_CREATE] = "create",
	[MOAT_JOB_DESTROY] = "destroy", [MOAT_JOB_ATTACH] = "pci-attach",
	[MOAT_JOB_ASSIGN] = "pci-assignable-add", [MOAT_JOB_REPLACE] = "replace",
};

const char *moat_job_name(enum moat_job job)
{
	return job_names[job];
}

void moat_process_init(struct moat_process *p, const char *record)
{
	*p = (struct moat_process) { .source.fd = -1, .output = -1,
				     .record = record };
}

unsigned long long moat_process_started(pid_t pid)
{
	unsigned long long value = 0;
	char path[40], *text, *after;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (moat_file_read(path, &text))
		return 0;
	/* the name may hold anything: count from behind its parenthesis */
	after = strrchr(text, ')');
	if (after && strncmp(after, ") Z", 3) == 0)
		after = NULL;	/* it has ended; nobody has asked yet */
	for (int field = 2; after && field < 22; field++)
		after = strchr(after + 1, ' ');
	if (after)
		value = strtoull(after, NULL, 10);
	free(text);
	return value;
}

static void run_child(char *const argv[], int gate, int output)
{
	int null = open("/dev/null", O_RDONLY);
	sigset_t none;
	char go;

	setsid();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	if (null >= 0)
		dup2(null, 0);
	dup2(output, 1);
	dup2(output, 2);
	if (read(gate, &go, 1) != 1)
		_exit(126);
	execvp(argv[0], argv);
	dprintf(2, "%s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

static int write_down(struct moat_process *p, struct moat_xs *xs)
{
	char text[64];

	snprintf(text, sizeof(text), "%d %d %llu", p->job, p->pid,
		 moat_process_started(p->pid));
	return moat_xs_set(xs, text, "%s", p->record);
}

static int follow(struct moat_process *p, struct moat_loop *loop)
{
	int err;

	p->source.fd = pidfd_open(p->pid, 0);
	if (p->source.fd < 0)
		return -errno;
	err = moat_loop_add(loop, &p->source);
	if (err) {
		close(p->source.fd);
		p->source.fd = -1;
	}
	return err;
}

static void forget(struct moat_process *p)
{
	if (p->source.fd >= 0)
		close(p->source.fd);
	if (p->output >= 0)
		close(p->output);
	p->source.fd = -1;
	p->output = -1;
	p->pid = 0;
	p->job = MOAT_JOB_NONE;
	p->killed = false;
	p->late = false;
	p->killed_at = 0;
}

int moat_process_start(struct moat_process *p, struct moat_xs *xs,
		       struct moat_loop *loop, enum moat_job job,
		       char *const argv[], msec deadline)
{
	int gate[2], err;

	p->output = memfd_create(argv[0], MFD_CLOEXEC);
	if (p->output < 0)
		return -errno;
	if (pipe2(gate, O_CLOEXEC) < 0) {
		err = -errno;
		forget(p);
		return err;
	}
	p->job = job;
	p->deadline = deadline;
	p->pid = fork();
	if (p->pid == 0) {
		close(gate[1]);
		run_child(argv, gate[0], p->output);
	}
	err = p->pid < 0 ? -errno : write_down(p, xs);
	if (!err)
		err = follow(p, loop);
	if (!err && write(gate[1], "g", 1) != 1)
		err = -EIO;
	close(gate[0]);
	close(gate[1]);
	if (err) {
		if (p->pid > 0)
			waitpid(p->pid, NULL, 0);
		if (p->source.fd >= 0)
			moat_loop_remove(loop, &p->source);
		forget(p);
	}
	return err;
}

void moat_process_resume(struct moat_process *p, struct moat_xs *xs,
			 struct moat_loop *loop, msec deadline)
{
	char *text = moat_xs_get(xs, "%s", p->record);
	unsigned long long started;
	int job, pid;

	if (!text)
		return;
	if (sscanf(text, "%d %d %llu", &job, &pid, &started) == 3 &&
	    job > MOAT_JOB_NONE && job < MOAT_JOBS && pid > 1 &&
	    started && moat_process_started(pid) == started) {
		p->pid = pid;
		p->job = job;
		p->deadline = deadline;
		if (follow(p, loop) == 0)
			moat_notice("process %d of an earlier moatd still runs"
				    " (%s)", pid, moat_job_name(job));
		else
			forget(p);
	}
	free(text);
}

/* The start of what a process wrote. */
static void read_output(const struct moat_process *p, char *output, size_t size)
{
	ssize_t got = p->output < 0 ? 0 :
				      pread(p->output, output, size - 1, 0);

	output[got > 0 ? got : 0] = '\0';
}

int moat_process_reap(struct moat_process *p, struct moat_xs *xs,
		      struct moat_loop *loop, char *output, size_t size)
{
	int status, result = -1;

	read_output(p, output, size);
	if (waitpid(p->pid, &status, WNOHANG) == p->pid)
		result = WIFEXITED(status) ? WEXITSTATUS(status) :
					     128 + WTERMSIG(status);
	moat_loop_remove(loop, &p->source);
	moat_xs_remove(xs, "%s", p->record);
	forget(p);
	return result;
}

void moat_process_abandon(struct moat_process *p, struct moat_xs *xs,
			  struct moat_loop *loop)
{
	static pid_t left[16];

	/* they are our children: those that have ended meanwhile are let go */
	for (size_t i = 0; i < sizeof(left) / sizeof(*left); i++) {
		if (left[i] && waitpid(left[i], NULL, WNOHANG) != 0)
			left[i] = 0;
		if (!left[i] && p->pid) {
			left[i] = p->pid;
			p->pid = 0;
		}
	}
	moat_loop_remove(loop, &p->source);
	moat_xs_remove(xs, "%s", p->record);
	forget(p);
}

void moat_process_kill(struct moat_process *p, msec now)
{
	if (!p->pid)
		return;
	p->killed = true;
	if (!p->killed_at)
		p->killed_at = now;
	/* the whole session's group: xl starts helpers */
	if (kill(-p->pid, SIGKILL) < 0)
		kill(p->pid, SIGKILL);
}

msec moat_process_expire(struct moat_process *p, msec now)
{
	if (!p->pid)
		return 0;
	if (now < p->deadline)
		return p->deadline;
	if (!p->late) {
		moat_process_kill(p, now);
		p->killed = false;
		p->late = true;
	}
	return now + LATE_POLL_MS;
}
