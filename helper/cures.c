/* SPDX-License-Identifier: MIT */
#include "cures.h"

#include <stdlib.h>
#include <string.h>

#include "../policy/text.h"
#include "output.h"

char *
cures_assign(const char *uri)
{
	char *word = shell_word(uri);
	char *assignment = need(text_format("LIBVIRT_DEFAULT_URI=%s", word));

	free(word);
	return assignment;
}

char *
cures_set_environment(const char *other, const char *uri)
{
	char *assignment = cures_assign(uri);
	char *user = shell_word(other != NULL ? other : "");
	char *command =
		need(text_format("systemctl --user%s%s%s set-environment %s",
			other != NULL ? " -M " : "", other != NULL ? user : "",
			other != NULL ? "@" : "", assignment));

	free(assignment);
	free(user);
	return command;
}

/* Takes command and price over. */
static struct step *
add(struct cures *cures, const char *label, char *command, char *price)
{
	struct step *step;

	cures->steps = need(reallocarray(
		cures->steps, cures->count + 1, sizeof(*cures->steps)));
	step = &cures->steps[cures->count++];
	*step = (struct step){
		.label = label,
		.command = need(command),
		.price = price,
	};
	return step;
}

static char *
count_ended(size_t count, const char *thing)
{
	const char *plural = thing[strlen(thing) - 1] == 's' ? "es" : "s";

	if (count == 0)
		return NULL;
	return need(text_format(
		"ends %zu %s%s", count, thing, count == 1 ? "" : plural));
}

/* --- One step after another, the least first ----------------------------- */

static bool
session_lacks(const struct lag *lag)
{
	return lag->is_session &&
		(lag->session_lacks_group || lag->session_lacks_uri);
}

/* newgrp(1) keeps the environment it is given. */
static void
add_shell(struct cures *cures, const struct lag *lag)
{
	bool has_group = lag->session_lacks_group && lag->group != NULL;
	bool has_uri = lag->session_lacks_uri;
	char *group, *assignment, *shell, *command;

	if (!session_lacks(lag) || lag->is_notice || (!has_group && !has_uri))
		return;
	group = shell_word(has_group ? lag->group : "");
	assignment = cures_assign(has_uri ? lag->uri : "");
	shell = need(
		has_group ? text_format("newgrp %s", group) : strdup("$SHELL"));
	command =
		need(has_uri ? text_format("exec env %s %s", assignment, shell)
			     : strdup(shell));
	add(cures, "this shell", command,
		has_group ? text_format("new files belong to %s", lag->group)
			  : NULL)
		->is_for_session = true;
	free(shell);
	free(assignment);
	free(group);
}

/* "new ssh login": how to begin a session like this one anew */
static const char *
name_login(enum way way)
{
	static const char *const names[] = {
		[WAY_OTHER] = "log in again",
		[WAY_SSH] = "new ssh login",
		[WAY_TTY] = "log in again",
		[WAY_SU] = "new su -l, sudo -i or run0",
		[WAY_DESKTOP] = "log in again",
	};

	return names[way];
}

static void
add_end(struct cures *cures, const struct lag *lag,
	const struct multiplexer *multiplexer, const char *end)
{
	bool is_new = lag->is_session && !session_lacks(lag);

	add(cures, "terminals",
		text_format("%s%s%s", is_new ? "" : name_login(lag->way),
			is_new ? "" : ", then ", end),
		count_ended(multiplexer->windows, "window"))
		->is_for_session = session_lacks(lag);
}

static void
add_setting(struct cures *cures, const struct lag *lag, const char *set)
{
	char *uri = shell_word(lag->uri);

	add(cures, "new windows", text_format("%s %s", set, uri), NULL)
		->is_for_session = lag->is_session && lag->session_lacks_uri;
	free(uri);
}

/* end: the command that ends it; set: the one that gives new windows a URI */
static void
add_multiplexer(struct cures *cures, const struct lag *lag,
	const struct multiplexer *multiplexer, const char *end, const char *set)
{
	if (multiplexer->lacks_group)
		add_end(cures, lag, multiplexer, end);
	else if (multiplexer->lacks_uri)
		add_setting(cures, lag, set);
}

static void
add_multiplexers(struct cures *cures, const struct lag *lag)
{
	long pid = (long)lag->screen.pid;
	char *quit = need(text_format("screen -S %ld -X quit", pid));
	char *set = need(text_format(
		"screen -S %ld -X setenv LIBVIRT_DEFAULT_URI", pid));

	add_multiplexer(cures, lag, &lag->tmux, "tmux kill-server",
		"tmux set-environment -g LIBVIRT_DEFAULT_URI");
	add_multiplexer(cures, lag, &lag->screen, quit, set);
	free(quit);
	free(set);
}

/* A desktop's terminals inherit its groups: it is the desktop that must end. */
static bool
must_end_desktop(const struct lag *lag)
{
	return (session_lacks(lag) && lag->way == WAY_DESKTOP) ||
		lag->desktop_lags ||
		(lag->has_desktop && lag->manager_lacks_group);
}

static void
add_ssh_login(struct cures *cures, bool is_shared)
{
	if (is_shared)
		add(cures, "for good",
			text_format("ssh -O exit HOST on the client, then a "
				    "new ssh login"),
			text_format("ends all sessions of that connection"))
			->is_for_session = true;
	else
		add(cures, "for good", text_format("new ssh login"),
			text_format("if the connection is shared: ssh -O exit "
				    "HOST first"))
			->is_for_session = true;
}

static void
add_su(struct cures *cures, const char *user)
{
	char *name = shell_word(user);

	add(cures, "this terminal", text_format("su -l %s", name), NULL)
		->is_for_session = true;
	free(name);
}

static void
add_login(struct cures *cures, const struct lag *lag)
{
	bool is_covered = lag->tmux.lacks_group || lag->screen.lacks_group;

	if (!session_lacks(lag) || (is_covered && !lag->is_shared_connection))
		return;
	if (lag->way == WAY_SSH)
		add_ssh_login(cures, lag->is_shared_connection);
	else if (lag->way == WAY_DESKTOP && !lag->is_notice)
		add_su(cures, lag->user);
	else if (lag->way != WAY_DESKTOP)
		add(cures, "for good", text_format("%s", name_login(lag->way)),
			NULL)
			->is_for_session = true;
}

static void
add_services(struct cures *cures, const struct lag *lag)
{
	if (lag->manager_lacks_uri && !lag->manager_lacks_group)
		add(cures, "user services",
			cures_set_environment(lag->is_other ? lag->user : NULL,
				lag->manager_uri),
			text_format("for those started from now on"))
			->is_for_manager = true;
	if (lag->manager_lacks_group && !lag->has_desktop)
		add(cures, "user services",
			lag->is_other
				? text_format("systemctl restart user@%lu",
					  (unsigned long)lag->uid)
				: text_format("systemctl --user exit, then "
					      "log in again"),
			count_ended(lag->services, "process"))
			->is_for_manager = true;
}

static void
add_editor(struct cures *cures, const struct lag *lag)
{
	if (lag->editor != 0)
		add(cures, "editor",
			text_format("kill %ld, then connect again",
				(long)lag->editor),
			text_format("ends its remote server"));
}

/* Logging out is not enough for a manager that lingers. */
static struct step *
add_termination(struct cures *cures, const struct lag *lag, const char *label)
{
	char *name = shell_word(lag->user);
	struct step *step = add(cures, label,
		lag->has_logind
			? text_format("loginctl terminate-user %s, then log in "
				      "again",
				  name)
			: text_format("systemctl --user exit, then log out and "
				      "in again"),
		text_format("ends everything of %s's", lag->user));

	free(name);
	return step;
}

static struct step *
add_logout(struct cures *cures, const char *label)
{
	return add(cures, label,
		text_format("log out of everything, wait 10 seconds, log in"),
		text_format("ends the desktop"));
}

static void
add_desktop(struct cures *cures, const struct lag *lag)
{
	bool is_ours = session_lacks(lag) && lag->way == WAY_DESKTOP;
	const char *label =
		session_lacks(lag) && !is_ours ? "desktop" : "for good";
	struct step *step;

	if (!must_end_desktop(lag))
		return;
	step = lag->is_lingering && lag->manager_lacks_group
		? add_termination(cures, lag, label)
		: add_logout(cures, label);
	step->is_for_session = is_ours;
	step->is_for_manager = lag->manager_lacks_group;
}

static void
add_others(struct cures *cures, const struct lag *lag)
{
	if (cures->count > 0 || lag->others == 0)
		return;
	add(cures, "those processes", text_format("end them, start them anew"),
		NULL);
}

struct cures
cures_find(const struct lag *lag)
{
	struct cures cures = { 0 };

	add_shell(&cures, lag);
	if (lag->is_shared_connection)
		add_login(&cures, lag);
	add_multiplexers(&cures, lag);
	if (!lag->is_shared_connection)
		add_login(&cures, lag);
	add_editor(&cures, lag);
	add_services(&cures, lag);
	add_desktop(&cures, lag);
	add_others(&cures, lag);
	return cures;
}

void
cures_clear(struct cures *cures)
{
	for (size_t i = 0; i < cures->count; i++) {
		free(cures->steps[i].command);
		free(cures->steps[i].price);
	}
	free(cures->steps);
	*cures = (struct cures){ 0 };
}
