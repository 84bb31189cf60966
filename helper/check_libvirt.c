/* SPDX-License-Identifier: MIT */
/*
 * The daemon's socket, and libvirt itself. Where the socket says why there is
 * no connection, the cure stands there, once.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../policy/countof.h"
#include "../policy/text.h"
#include "bus.h"
#include "doctor.h"
#include "host.h"
#include "libvirt.h"

/* As much of a message is shown */
#define MESSAGE_MAX 240

/* --- What is here ----------------------------------------------------------*/

/* libvirt serves root's sessions from the system's daemon. */
static bool
uses_system_socket(const struct doctor *doctor)
{
	return doctor->target == TARGET_SYSTEM ||
		(doctor->target == TARGET_SESSION && doctor_uid(doctor) == 0);
}

/* "virtqemud". Owned. */
static char *
format_modular(const struct doctor *doctor)
{
	const struct span *driver = &doctor->parts.driver;

	return need(text_format("virt%.*sd", (int)driver->size, driver->start));
}

static bool
has_daemon(const struct doctor *doctor)
{
	static const char *const programs[] = { "libvirtd", "virtqemud" };
	char *modular = format_modular(doctor);
	bool is_found = doctor->socket.state != SOCKET_MISSING ||
		host_has_program(modular);

	for (size_t i = 0; i < countof(programs) && !is_found; i++)
		is_found = host_has_program(programs[i]);
	free(modular);
	return is_found;
}

/* Is there a local daemon that this URI needs? */
static bool
needs_daemon(const struct doctor *doctor)
{
	return doctor->target == TARGET_SYSTEM ||
		doctor->target == TARGET_SESSION;
}

static void
say_not_installed(struct finding *finding)
{
	const char *command = host_libvirt_install();

	finding_say(finding, FINDING_FAIL, "libvirt is not installed");
	if (command != NULL)
		finding_cure(finding, "", "%s", command);
}

static bool
has_unit(const char *daemon)
{
	char *unit = host_find_unit(daemon);
	bool is_found = unit != NULL;

	free(unit);
	return is_found;
}

/*
 * The daemon behind the socket; if that is not there, the one that clients of
 * this distribution's would look for: only Debian's begin with libvirtd.
 * Owned.
 */
static char *
find_daemon(const struct doctor *doctor)
{
	char *modular;

	if (uses_system_socket(doctor) &&
		doctor->socket.state != SOCKET_MISSING)
		return need(strdup(doctor->socket.daemon));
	modular = format_modular(doctor);
	if (has_unit(modular) &&
		(host_find_family() != FAMILY_DEBIAN || !has_unit("libvirtd")))
		return modular;
	free(modular);
	return need(strdup("libvirtd"));
}

/* verb: "start" or "restart" */
static void
cure_daemon(
	const struct doctor *doctor, const char *verb, struct finding *finding)
{
	char *daemon = find_daemon(doctor), *unit = host_find_unit(daemon);

	/* what listens where libvirtd would, on modular hosts */
	if (unit == NULL && strcmp(daemon, "libvirtd") == 0)
		unit = host_find_unit("virtproxyd");
	if (unit != NULL && host_has_systemd())
		finding_cure(finding, "", "sudo systemctl %s %s", verb, unit);
	else if (host_has_program("rc-service"))
		finding_cure(
			finding, "", "sudo rc-service %s %s", daemon, verb);
	else
		finding_cure(finding, "", "%s %s, as root", verb, daemon);
	free(unit);
	free(daemon);
}

static void
cure_by_looking(const struct doctor *doctor, struct finding *finding)
{
	char *daemon = find_daemon(doctor);

	if (host_has_systemd())
		finding_cure(finding, "look at", "systemctl status %s", daemon);
	else
		finding_cure(finding, "look at", "the log of %s", daemon);
	free(daemon);
}

/* --- socket ----------------------------------------------------------------*/

static void
say_denied(const struct doctor *doctor, struct finding *finding)
{
	const struct libvirt_socket *found = &doctor->socket;
	const struct member *guard = doctor->members.guard;
	char *name = guard != NULL ? member_name(guard) : NULL;

	if (doctor->viewpoint == VIEW_OTHER)
		finding_say(finding, FINDING_SKIP,
			"%s does not let us in to try (see authorisation)",
			found->path);
	else if (name != NULL)
		finding_say(finding, FINDING_FAIL,
			"%s lets in group %s, not this process (see groups)",
			found->path, name);
	else
		finding_say(finding, FINDING_FAIL,
			"%s does not let this process in", found->path);
	if (name == NULL && doctor->viewpoint != VIEW_OTHER)
		finding_cure(finding, "as root",
			"set unix_sock_group and unix_sock_rw_perms in "
			"/etc/libvirt/%s.conf",
			found->daemon);
	free(name);
}

static void
say_system_socket(const struct doctor *doctor, struct finding *finding)
{
	const struct libvirt_socket *found = &doctor->socket;

	switch (found->state) {
	case SOCKET_OPEN:
		finding_say(finding, FINDING_PASS, "%s accepts", found->path);
		break;
	case SOCKET_MISSING:
		finding_say(finding, FINDING_FAIL,
			"%s is not there: the daemon does not run",
			found->path);
		cure_daemon(doctor, "start", finding);
		break;
	case SOCKET_REFUSED:
		finding_say(finding, FINDING_FAIL,
			"nobody listens at %s: %s has stopped", found->path,
			found->daemon);
		cure_daemon(doctor, "restart", finding);
		break;
	case SOCKET_DENIED:
		say_denied(doctor, finding);
		break;
	case SOCKET_SILENT:
		finding_say(finding, FINDING_FAIL,
			"nobody accepts at %s: %s hangs, or is overrun",
			found->path, found->daemon);
		cure_by_looking(doctor, finding);
		cure_daemon(doctor, "restart", finding);
		break;
	case SOCKET_FAULTY:
		finding_say(finding, FINDING_FAIL, "%s: %s", found->path,
			strerror(found->error));
		break;
	}
}

/* Owned; NULL: it is not set, or not to be known of somebody else. */
static char *
find_runtime_dir(const struct doctor *doctor)
{
	const char *own = getenv("XDG_RUNTIME_DIR");

	/* what others have in theirs may lead anywhere */
	if (doctor->viewpoint == VIEW_OTHER)
		return NULL;
	return own != NULL && own[0] != '\0' ? need(strdup(own)) : NULL;
}

static void
say_session_socket(const struct libvirt_socket *found, struct finding *finding)
{
	switch (found->state) {
	case SOCKET_OPEN:
		finding_say(finding, FINDING_PASS, "%s accepts", found->path);
		break;
	case SOCKET_MISSING:
	case SOCKET_REFUSED:
		finding_say(finding, FINDING_PASS,
			"the session's daemon starts on first use");
		break;
	case SOCKET_DENIED:
		finding_say(finding, FINDING_FAIL,
			"%s does not let us in (see runtime-dir)", found->path);
		break;
	case SOCKET_SILENT:
		finding_say(finding, FINDING_FAIL,
			"nobody accepts at %s: the session's daemon hangs",
			found->path);
		finding_cure(
			finding, "", "pkill -u \"$USER\" -x %s", found->daemon);
		break;
	case SOCKET_FAULTY:
		finding_say(finding, FINDING_FAIL, "%s: %s", found->path,
			strerror(found->error));
		break;
	}
}

/* The system's does not matter to a session; but broken is worth a note. */
static void
note_system_socket(const struct libvirt_socket *found, struct finding *finding)
{
	if (found->state == SOCKET_OPEN || found->state == SOCKET_MISSING ||
		found->state == SOCKET_DENIED)
		return;
	finding_say(finding, FINDING_NOTE,
		"%s, which qemu:///session does not use, is out of order",
		found->path);
}

/* Can a daemon that is not there yet be started? If not, says so. */
static bool
is_startable(const char *directory, struct finding *finding)
{
	if (access(directory, W_OK | X_OK) == 0)
		return true;
	finding_say(finding, FINDING_FAIL,
		"no daemon can start in %s: %s (see runtime-dir)", directory,
		strerror(errno));
	return false;
}

static void
say_session(const struct doctor *doctor, struct finding *finding)
{
	char *directory = find_runtime_dir(doctor);
	char *driver = need(
		strndup(doctor->parts.driver.start, doctor->parts.driver.size));
	struct libvirt_socket found;

	/* without, it is below a home directory, which may not answer */
	if (doctor->viewpoint == VIEW_OTHER) {
		finding_say(finding, FINDING_SKIP, "only %s can see that",
			doctor_user(doctor));
	} else if (directory == NULL) {
		finding_say(finding, FINDING_SKIP,
			"below ~/.cache: XDG_RUNTIME_DIR is not set");
	} else if (is_startable(directory, finding)) {
		found = socket_find(driver, directory);
		say_session_socket(&found, finding);
		socket_clear(&found);
	}
	note_system_socket(&doctor->socket, finding);
	free(driver);
	free(directory);
}

void
check_socket(struct doctor *doctor, struct finding *finding)
{
	if (needs_daemon(doctor) && !has_daemon(doctor))
		finding_say(finding, FINDING_SKIP, "libvirt is not installed");
	else if (uses_system_socket(doctor))
		say_system_socket(doctor, finding);
	else if (doctor->target == TARGET_SESSION)
		say_session(doctor, finding);
	else
		finding_say(finding, FINDING_SKIP, "not used by this URI");
}

/* --- libvirt: another host -------------------------------------------------*/

/* "user@host", or "ssh://user@host:port": a word of a shell's. Owned. */
static char *
format_login(const struct doctor *doctor)
{
	const struct uri_parts *parts = &doctor->parts;
	const char *start =
		parts->user.size > 0 ? parts->user.start : parts->host.start;
	size_t size = strcspn(start, "/?");
	bool is_plain = start + size == parts->host.start + parts->host.size &&
		parts->host.start[0] != '[';
	char *login = need(text_format(
		"%s%.*s", is_plain ? "" : "ssh://", (int)size, start));
	char *word = shell_word(login);

	free(login);
	return word;
}

/* "lab01" */
static char *
format_host(const struct doctor *doctor)
{
	const struct span *host = &doctor->parts.host;

	if (host->size == 0)
		return need(strdup("the other side"));
	return need(text_format("%.*s", (int)host->size, host->start));
}

static bool
is_by_ssh(const struct doctor *doctor)
{
	struct span transport = doctor->parts.transport;

	return transport.start != NULL &&
		memmem(transport.start, transport.size, "ssh", 3) != NULL;
}

/* A library that keeps host keys to itself, "libssh" or "libssh2" */
static bool
is_by_libssh(const struct doctor *doctor)
{
	struct span transport = doctor->parts.transport;

	return transport.size > 3 && memcmp(transport.start, "lib", 3) == 0;
}

/* What is wrong on the way to a host, or there. False: something else. */
static bool
say_remote(const struct doctor *doctor, enum libvirt_trouble trouble,
	struct finding *finding)
{
	static const char *const texts[] = {
		[TROUBLE_NO_SOCKET] = "is reached, but no libvirt runs there",
		[TROUBLE_REFUSED] = "is reached, but libvirt has stopped there",
		[TROUBLE_DENIED] = "is reached, but libvirt there does not let "
				   "you in",
		[TROUBLE_NO_AGENT] = "is reached, but libvirt there wants an "
				     "administrator's password",
		[TROUBLE_POLICY] = "is reached, but polkit there says no",
		[TROUBLE_HOST] = "cannot be reached",
		[TROUBLE_SSH_KEY] = "refuses you: no ssh key or ticket fits",
		[TROUBLE_HOST_KEY] = "has an ssh key that is not known here, "
				     "or has changed",
		[TROUBLE_NO_REMOTE] = "is reached, but it is not libvirt that "
				      "answers",
	};
	const char *text = trouble < countof(texts) ? texts[trouble] : NULL;
	char *host;

	if (text == NULL)
		return false;
	host = format_host(doctor);
	finding_say(finding, FINDING_FAIL, "%s %s", host, text);
	free(host);
	return true;
}

/* In the words of the other side's administrator. */
static void
cure_there(const struct doctor *doctor, enum libvirt_trouble trouble,
	struct finding *finding)
{
	const struct span *user = &doctor->parts.user;
	char *name = user->size > 0 ? need(strndup(user->start, user->size))
				    : need(strdup(doctor_user(doctor)));
	char *word = shell_word(name);

	if (trouble == TROUBLE_NO_SOCKET)
		finding_cure(finding, "there",
			"sudo systemctl start libvirtd.socket (modular: "
			"virtqemud.socket virtproxyd.socket)");
	else if (trouble == TROUBLE_REFUSED)
		finding_cure(finding, "there",
			"sudo systemctl restart libvirtd.socket (modular: "
			"virtqemud.socket virtproxyd.socket)");
	else if (trouble == TROUBLE_DENIED || trouble == TROUBLE_NO_AGENT)
		finding_cure(finding, "there",
			"sudo usermod -aG " LIBVIRT_GROUP " %s", word);
	else if (trouble == TROUBLE_POLICY)
		finding_cure(finding, "there",
			"see its polkit rules for org.libvirt.unix.manage");
	else if (trouble == TROUBLE_NO_REMOTE)
		finding_cure(finding, "there",
			"install libvirt's daemon; shells must print nothing "
			"by themselves");
	free(name);
	free(word);
}

/* What oneself can do and try. */
static void
cure_here(const struct doctor *doctor, enum libvirt_trouble trouble,
	struct finding *finding)
{
	char *login = format_login(doctor);

	if (trouble == TROUBLE_HOST_KEY && is_by_libssh(doctor))
		finding_cure(finding, "here",
			"its key belongs in ~/.config/libvirt/known_hosts");
	else if (trouble == TROUBLE_DENIED)
		finding_cure(finding, "then",
			"a new connection; a shared one first ends by "
			"ssh -O exit %s",
			login);
	else if (trouble == TROUBLE_SSH_KEY)
		finding_cure(finding, "here", "ssh-copy-id %s", login);
	else if (trouble == TROUBLE_HOST || trouble == TROUBLE_HOST_KEY ||
		trouble == TROUBLE_NO_REMOTE)
		finding_cure(finding, "try", "ssh -T %s true", login);
	free(login);
}

/* --- libvirt: this host ----------------------------------------------------*/

static void
cure_by_group(const struct doctor *doctor, struct finding *finding)
{
	const struct member *guard = doctor->members.guard;

	if (guard != NULL && guard->name != NULL &&
		guard->in_database == ANSWER_NO)
		finding_cure_join(doctor, guard, finding);
}

/* The socket that we know of is there, but this URI needs another. */
static void
say_no_socket(const struct doctor *doctor, struct finding *finding)
{
	if (!has_daemon(doctor)) {
		say_not_installed(finding);
		return;
	}
	finding_say(finding, FINDING_FAIL,
		"the socket that this URI needs is not there");
	/* with ?socket= it is anybody's */
	if (doctor->parts.query.start == NULL)
		cure_daemon(doctor, "start", finding);
}

/* What a daemon of this host's said or did not say. False: something else. */
static bool
say_local(const struct doctor *doctor, enum libvirt_trouble trouble,
	struct finding *finding)
{
	switch (trouble) {
	case TROUBLE_NO_SOCKET:
		say_no_socket(doctor, finding);
		return true;
	case TROUBLE_REFUSED:
		finding_say(finding, FINDING_FAIL, "the daemon has stopped");
		cure_daemon(doctor, "restart", finding);
		return true;
	case TROUBLE_DENIED:
		finding_say(finding, FINDING_FAIL,
			"the socket does not let this process in (see groups)");
		return true;
	case TROUBLE_NO_AGENT:
		finding_say(finding, FINDING_FAIL,
			"polkit wants an administrator's password, and no "
			"agent runs to ask for it");
		cure_by_group(doctor, finding);
		return true;
	case TROUBLE_POLICY:
		finding_say(finding, FINDING_FAIL, "a polkit rule says no");
		finding_cure(finding, "look for",
			"org.libvirt.unix.manage in /etc/polkit-1/rules.d and "
			"/usr/share/polkit-1/rules.d");
		return true;
	default:
		return false;
	}
}

/* Its daemon starts on first use, where it can. */
static void
say_idle(const struct doctor *doctor, enum libvirt_trouble trouble,
	struct finding *finding)
{
	char *directory = find_runtime_dir(doctor);
	bool is_fine = trouble == TROUBLE_SESSION_IDLE &&
		(directory == NULL || access(directory, W_OK | X_OK) == 0);

	if (is_fine)
		finding_say(finding, FINDING_PASS, "%s starts on first use",
			doctor->uri);
	else
		finding_say(finding, FINDING_FAIL,
			"cannot connect: see runtime-dir");
	free(directory);
}

/* --- libvirt, wherever it is -----------------------------------------------*/

/* Nothing is known but libvirt's own words. */
static void
say_message(const struct doctor *doctor, const char *message,
	struct finding *finding)
{
	char *host, *login;

	if (doctor->target != TARGET_REMOTE) {
		finding_say(finding, FINDING_FAIL, "%s", message);
		cure_by_looking(doctor, finding);
		return;
	}
	host = format_host(doctor);
	finding_say(finding, FINDING_FAIL, "%s: %s", host, message);
	if (is_by_ssh(doctor)) {
		login = format_login(doctor);
		finding_cure(finding, "try", "ssh -T %s true", login);
		free(login);
	}
	free(host);
}

static void
say_elsewhere(const struct doctor *doctor, enum libvirt_trouble trouble,
	const char *message, struct finding *finding)
{
	char *word = shell_word(doctor->uri);

	switch (trouble) {
	case TROUBLE_URI:
		finding_say(finding, FINDING_FAIL, "libvirt cannot use %s, %s",
			doctor->uri, doctor->uri_source);
		break;
	case TROUBLE_DRIVER:
		finding_say(finding, FINDING_FAIL,
			"no such driver, or its hypervisor is not there: %s",
			doctor->uri);
		break;
	case TROUBLE_AUTH:
		finding_say(finding, FINDING_FAIL,
			"libvirt wants a name and password, or refused them");
		finding_cure(finding, "try", "virsh -c %s uri", word);
		break;
	case TROUBLE_TLS:
		finding_say(finding, FINDING_FAIL,
			"the TLS certificates are missing or do not fit");
		finding_cure(finding, "try", "virt-pki-validate");
		break;
	default:
		say_message(doctor, message, finding);
		break;
	}
	free(word);
}

/* Its last line, where ssh says what it comes to. Owned. */
static char *
shorten_message(const char *message)
{
	size_t size = strlen(message), start, shown;

	while (size > 0 && strchr("\r\n ", message[size - 1]) != NULL)
		size--;
	start = size;
	while (start > 0 && message[start - 1] != '\n')
		start--;
	size -= start;
	shown = size > MESSAGE_MAX ? text_cut(message + start, MESSAGE_MAX)
				   : size;
	return need(text_format("%.*s%s", (int)shown, message + start,
		shown < size ? "..." : ""));
}

static void
say_error(const struct doctor *doctor, const struct libvirt_answer *answer,
	struct finding *finding)
{
	enum libvirt_trouble trouble =
		libvirt_find_trouble(doctor->uri, answer);
	bool is_remote = doctor->target == TARGET_REMOTE, is_said;
	char *message = shorten_message(answer->message);

	if (trouble == TROUBLE_SESSION_IDLE || trouble == TROUBLE_RUNTIME_DIR) {
		say_idle(doctor, trouble, finding);
		free(message);
		return;
	}
	is_said = is_remote ? say_remote(doctor, trouble, finding)
			    : say_local(doctor, trouble, finding);
	if (is_said && is_remote)
		cure_there(doctor, trouble, finding);
	if (is_said && is_by_ssh(doctor))
		cure_here(doctor, trouble, finding);
	if (!is_said)
		say_elsewhere(doctor, trouble, message, finding);
	if (is_said || trouble != TROUBLE_OTHER)
		finding_cure(finding, "libvirt says", "%s", message);
	free(message);
}

static void
say_connected(const struct doctor *doctor, const struct libvirt_answer *answer,
	struct finding *finding)
{
	const char *uri = answer->uri != NULL ? answer->uri : doctor->uri;
	const char *type = answer->type != NULL ? answer->type : "unknown";
	unsigned long version = answer->version;

	if (version == 0)
		finding_say(finding, FINDING_PASS, "connected to %s (%s)", uri,
			type);
	else
		finding_say(finding, FINDING_PASS,
			"connected to %s, libvirt %lu.%lu.%lu (%s)", uri,
			version / 1000000, version / 1000 % 1000,
			version % 1000, type);
}

static void
say_timeout(const struct doctor *doctor, struct finding *finding)
{
	finding_say(finding, FINDING_FAIL, "no answer from %s within %g s",
		doctor->uri, doctor->options.timeout_ms / 1000.0);
	if (doctor->target != TARGET_REMOTE)
		cure_by_looking(doctor, finding);
	else if (is_by_ssh(doctor))
		cure_here(doctor, TROUBLE_HOST, finding);
}

static void
say_no_probe(const struct doctor *doctor, struct finding *finding)
{
	if (has_daemon(doctor) || host_has_program("virsh"))
		finding_say(finding, FINDING_SKIP,
			"virturi-probe is not installed");
	else
		say_not_installed(finding);
}

static void
ask(const struct doctor *doctor, struct finding *finding)
{
	struct libvirt_answer answer = { 0 };
	int r = libvirt_ask(doctor->uri, doctor->options.timeout_ms, &answer);

	if (r == -ETIMEDOUT)
		say_timeout(doctor, finding);
	else if (r == -ENOENT)
		say_no_probe(doctor, finding);
	else if (r < 0)
		finding_say(finding, FINDING_WARN,
			"not known: virturi-probe %s%s",
			r == -EBADMSG ? "crashed" : "cannot run: ",
			r == -EBADMSG ? "" : strerror(-r));
	else if (answer.is_connected)
		say_connected(doctor, &answer, finding);
	else
		say_error(doctor, &answer, finding);
	if (r == 0)
		libvirt_answer_clear(&answer);
}

/*
 * libvirt lets polkit ask for a password, and we only look: is there somebody
 * to be asked? Without a polkit that runs, no agent can have registered.
 */
static const char *
find_prompt(const struct doctor *doctor)
{
	bool is_in_client = text_equals(doctor->parts.driver, "test");
	int r = doctor->polkit_error;
	struct polkit_answer answer = { 0 };

	if (doctor->target == TARGET_REMOTE || doctor_uid(doctor) == 0 ||
		doctor->target == TARGET_SESSION || is_in_client ||
		!doctor->members.is_polkit)
		return NULL;
	if (doctor->target == TARGET_OTHER)
		r = bus_ask_polkit("org.libvirt.unix.manage", doctor->self.pid,
			doctor->self.start, doctor->self.uid,
			doctor->options.timeout_ms, &answer);
	if (doctor->admission == ADMISSION_PASSWORD ||
		(!answer.is_authorized && answer.is_challenge))
		return "polkit would ask for a password (see authorisation)";
	if (r == 0 || r == -EHOSTUNREACH || r == -ENOENT ||
		r == -ECONNREFUSED || r == -ENXIO)
		return NULL;
	return "polkit does not say whether it would ask for a password";
}

static bool
is_said_by_socket(const struct doctor *doctor)
{
	return uses_system_socket(doctor) &&
		doctor->socket.state != SOCKET_OPEN &&
		doctor->parts.query.start == NULL;
}

/* Its socket is there and answers, as far as it is known; the rest is asked. */
static void
open_carefully(const struct doctor *doctor, struct finding *finding)
{
	const char *obstacle = libvirt_find_hazard(doctor->uri);

	if (obstacle == NULL)
		obstacle = find_prompt(doctor);
	if (obstacle != NULL)
		finding_say(finding, FINDING_SKIP, "not opened: %s", obstacle);
	else
		ask(doctor, finding);
}

void
check_libvirt(struct doctor *doctor, struct finding *finding)
{
	if (doctor->viewpoint == VIEW_OTHER)
		finding_say(finding, FINDING_SKIP,
			"nothing is opened for another user");
	else if (needs_daemon(doctor) && !has_daemon(doctor))
		say_not_installed(finding);
	else if (is_said_by_socket(doctor))
		finding_say(
			finding, FINDING_FAIL, "cannot connect: see socket");
	else
		open_carefully(doctor, finding);
}
