/* SPDX-License-Identifier: MIT */
/* What was found, as the ladder of cures wants it. */
#include <string.h>

#include "../policy/countof.h"
#include "bus.h"
#include "host.h"
#include "relogin.h"

/* By the service that opened the session. */
static enum way
find_way(const struct doctor *doctor)
{
	static const struct {
		const char *service;
		enum way way;
	} ways[] = {
		{ "sshd", WAY_SSH },
		{ "login", WAY_TTY },
		{ "remote", WAY_TTY },
		{ "su", WAY_SU },
		{ "su-l", WAY_SU },
		{ "sudo", WAY_SU },
		{ "sudo-i", WAY_SU },
		{ "run0", WAY_SU },
		{ "systemd-run0", WAY_SU },
		{ "gdm-password", WAY_DESKTOP },
		{ "gdm-autologin", WAY_DESKTOP },
		{ "gdm-fingerprint", WAY_DESKTOP },
		{ "sddm", WAY_DESKTOP },
		{ "sddm-autologin", WAY_DESKTOP },
		{ "lightdm", WAY_DESKTOP },
		{ "lightdm-autologin", WAY_DESKTOP },
		{ "greetd", WAY_DESKTOP },
		{ "ly", WAY_DESKTOP },
		{ "lxdm", WAY_DESKTOP },
		{ "xdm", WAY_DESKTOP },
		{ "plasmalogin", WAY_DESKTOP },
		{ "cosmic-greeter", WAY_DESKTOP },
	};

	for (size_t i = 0; i < countof(ways); i++) {
		if (strcmp(ways[i].service, doctor->inquiry.session.service) ==
			0)
			return ways[i].way;
	}
	return WAY_OTHER;
}

static const struct process *
find_ancestor(const struct doctor *doctor, enum process_kind kind)
{
	const struct process *process = &doctor->self;

	while (process != NULL && process->kind != kind)
		process = doctor_find_parent(doctor, process);
	return process;
}

static bool
has_desktop(const struct doctor *doctor)
{
	for (size_t i = 0; i < doctor->processes.count; i++) {
		if (doctor->processes.list[i].kind == PROCESS_DESKTOP)
			return true;
	}
	return false;
}

static void
fill_multiplexer(struct multiplexer *multiplexer, const struct holder *holder)
{
	if (multiplexer->pid != 0 && multiplexer->lacks_group)
		return;
	*multiplexer = (struct multiplexer){
		.pid = holder->process->pid,
		.lacks_group = holder->lacks_group,
		.lacks_uri = holder->lacks_uri,
		.windows = holder->children,
	};
}

static void
fill_others(const struct relogin *relogin, struct lag *lag)
{
	for (size_t i = 0; i < relogin->n_others; i++) {
		const struct holder *holder = &relogin->others[i];

		switch (holder->process->kind) {
		case PROCESS_TMUX:
			fill_multiplexer(&lag->tmux, holder);
			break;
		case PROCESS_SCREEN:
			fill_multiplexer(&lag->screen, holder);
			break;
		case PROCESS_EDITOR:
			lag->editor = holder->process->pid;
			break;
		case PROCESS_DESKTOP:
			lag->desktop_lags = true;
			break;
		default:
			lag->others++;
			break;
		}
	}
}

/* The first group this session lacks and counts that newgrp(1) could give. */
static const char *
find_missing_group(const struct relogin *relogin)
{
	const struct members *members = &relogin->doctor->members;

	for (size_t i = 0; i < members->count; i++) {
		if (relogin->session.lacks != NULL &&
			relogin->session.lacks[i] && relogin->counts[i] &&
			members->list[i].name != NULL)
			return members->list[i].name;
	}
	return NULL;
}

static bool
is_shared_connection(const struct relogin *relogin)
{
	const struct process *sshd =
		find_ancestor(relogin->doctor, PROCESS_SSHD);

	return sshd != NULL && relogin_count_children(relogin, sshd->pid) > 1;
}

struct lag
relogin_find_lag(const struct relogin *relogin)
{
	const struct doctor *doctor = relogin->doctor;
	const struct holder *session = &relogin->session;
	const struct holder *manager = &relogin->manager;
	bool is_lingering = false;
	struct lag lag = {
		.user = doctor_user(doctor),
		.uid = doctor_uid(doctor),
		.is_other = doctor->viewpoint == VIEW_OTHER,
		.group = find_missing_group(relogin),
		.uri = relogin->uri,
		.manager_uri = relogin->manager_uri,
		.way = find_way(doctor),
		.is_session = session->process != NULL && !relogin->is_service,
		.is_notice = doctor->options.notify,
		.session_lacks_group = session->lacks_group,
		.session_lacks_uri = session->lacks_uri,
		.is_shared_connection = is_shared_connection(relogin),
		.manager = manager->process != NULL ? manager->process->pid : 0,
		.manager_lacks_group = manager->lacks_group,
		.manager_lacks_uri = manager->lacks_uri,
		.has_desktop = has_desktop(doctor),
		.services = manager->children,
		.has_logind = host_has_systemd(),
	};

	if (manager->lacks_group)
		bus_is_lingering(doctor_uid(doctor), doctor->options.timeout_ms,
			&is_lingering);
	lag.is_lingering = is_lingering;
	fill_others(relogin, &lag);
	return lag;
}
