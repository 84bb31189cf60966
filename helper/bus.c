/* SPDX-License-Identifier: MIT */
/*
 * sd_bus_call() waits for a bus to let us in as long as that takes, and
 * sd_bus_flush() does so too; hence our own loop around sd_bus_process(),
 * which looks at the clock after each step, and a connection that is closed
 * unflushed: whatever was asked was sent before its answer came.
 */
#include "bus.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../policy/text.h"
#include "output.h"

#ifdef WITH_SYSTEMD

#include <sys/socket.h>
#include <sys/stat.h>
#include <systemd/sd-bus.h>
#include <time.h>
#include <unistd.h>

#include "../policy/countof.h"

/* A connection to a bus, or straight to a service, until a deadline. */
struct talk {
	sd_bus *bus;
	sd_bus_message *reply; /* to the last question */
	uint64_t deadline; /* µs of CLOCK_MONOTONIC */
};

/* Whom to ask. */
struct place {
	const char *service;
	const char *path;
	const char *interface;
	bool may_start; /* by the bus, when it is not there */
};

static const struct place bus_itself = {
	"org.freedesktop.DBus",
	"/org/freedesktop/DBus",
	"org.freedesktop.DBus",
	false,
};

static const struct place systemd = {
	"org.freedesktop.systemd1",
	"/org/freedesktop/systemd1",
	"org.freedesktop.systemd1.Manager",
	false,
};

static const struct place logind = {
	"org.freedesktop.login1",
	"/org/freedesktop/login1",
	"org.freedesktop.login1.Manager",
	false,
};

static const struct place polkit = {
	"org.freedesktop.PolicyKit1",
	"/org/freedesktop/PolicyKit1/Authority",
	"org.freedesktop.PolicyKit1.Authority",
	true,
};

static const struct place notifications = {
	"org.freedesktop.Notifications",
	"/org/freedesktop/Notifications",
	"org.freedesktop.Notifications",
	true,
};

static uint64_t
now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_nsec / 1000;
}

static uint64_t
deadline_in(int timeout_ms)
{
	return now() + (timeout_ms > 0 ? (uint64_t)timeout_ms * 1000 : 0);
}

/* --- Where the buses are --- */

/* The first unix: address of a list. */
static int
choose_address(const char *list, char **ret)
{
	while (*list != '\0') {
		size_t size = strcspn(list, ";");

		if (strncmp(list, "unix:", strlen("unix:")) == 0) {
			*ret = need(strndup(list, size));
			return 0;
		}
		list += size + (list[size] == ';');
	}
	return -EPROTONOSUPPORT;
}

/* Every byte is escaped: then none can be part of an address's grammar. */
static char *
make_address(const char *directory, const char *name)
{
	char *address = NULL;
	size_t size = 0;
	FILE *stream = need(open_memstream(&address, &size));

	fputs("unix:path=", stream);
	for (; *directory != '\0'; directory++)
		fprintf(stream, "%%%02x", (unsigned char)*directory);
	fprintf(stream, "/%s", name);
	if (fclose(stream) != 0)
		need(NULL);
	return address;
}

static int
find_in_runtime_dir(const char *name, char **ret)
{
	const char *directory = getenv("XDG_RUNTIME_DIR");
	struct stat status;

	if (directory == NULL || directory[0] != '/')
		return -ENOENT;
	if (stat(directory, &status) < 0)
		return -errno;
	if (status.st_uid != getuid())
		return -EPERM;
	*ret = make_address(directory, name);
	return 0;
}

static int
find_user_bus(char **ret)
{
	const char *list = getenv("DBUS_SESSION_BUS_ADDRESS");

	if (list != NULL && list[0] != '\0')
		return choose_address(list, ret);
	return find_in_runtime_dir("bus", ret);
}

static int
find_system_bus(char **ret)
{
	const char *list = getenv("DBUS_SYSTEM_BUS_ADDRESS");

	if (list == NULL || list[0] == '\0')
		list = "unix:path=/run/dbus/system_bus_socket";
	return choose_address(list, ret);
}

/* --- Talking --- */

static void
talk_end(struct talk *talk)
{
	sd_bus_message_unref(talk->reply);
	sd_bus_close_unref(talk->bus);
}

/* What sd-bus's errors mean to people. */
static int
translate(int r)
{
	switch (r) {
	case -EPIPE:
	case -ENOTCONN:
		return -ECONNRESET;
	case -EAGAIN:
		/* so many wait: whoever listens has long ceased to accept */
		return -ETIMEDOUT;
	default:
		return r;
	}
}

/*
 * Begins a talk, as far as that goes without waiting. Without a bus in
 * between it is with whoever listens.
 */
static int
talk_begin(struct talk *talk, const char *address, bool is_bus)
{
	int r;

	r = sd_bus_new(&talk->bus);
	if (r >= 0)
		r = sd_bus_set_address(talk->bus, address);
	if (r >= 0)
		r = sd_bus_set_bus_client(talk->bus, is_bus);
	if (r >= 0)
		r = sd_bus_negotiate_fds(talk->bus, false);
	if (r >= 0)
		r = sd_bus_start(talk->bus);
	return translate(r);
}

static int
talk_to_system(struct talk *talk)
{
	char *address = NULL;
	int r;

	r = find_system_bus(&address);
	if (r < 0)
		return r;
	r = talk_begin(talk, address, true);
	free(address);
	return r;
}

/* Who listens at the other end? It has to be the user's own. */
static int
check_listener(struct talk *talk, pid_t *pid)
{
	struct ucred listener;
	socklen_t size = sizeof(listener);
	int fd = sd_bus_get_fd(talk->bus);

	if (fd < 0)
		return fd;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &listener, &size) < 0)
		return -errno;
	if (listener.uid != getuid())
		return -EPERM;
	*pid = listener.pid;
	return 0;
}

static int
talk_to_user(struct talk *talk)
{
	char *address = NULL;
	pid_t listener;
	int r;

	r = find_user_bus(&address);
	if (r < 0)
		return r;
	r = talk_begin(talk, address, true);
	if (r >= 0)
		r = check_listener(talk, &listener);
	free(address);
	return r;
}

/* The last answer's error; NULL: it is none, or there was no answer. */
static const sd_bus_error *
talk_error(const struct talk *talk)
{
	return talk->reply == NULL ? NULL
				   : sd_bus_message_get_error(talk->reply);
}

/* Was it answered by whoever was asked, and not by the bus in their place? */
static bool
is_from_service(const struct talk *talk)
{
	const char *sender = talk->reply == NULL
		? NULL
		: sd_bus_message_get_sender(talk->reply);

	return sender != NULL && sender[0] == ':';
}

/* The bus knows how to start the service, but that did not work. */
static bool
is_failed_start(const struct talk *talk, const sd_bus_error *error)
{
	static const char by_bus[] = "org.freedesktop.DBus.Error.Spawn.";
	static const char by_systemd[] = "org.freedesktop.systemd1.";

	if (is_from_service(talk))
		return false;
	return strncmp(error->name, by_bus, strlen(by_bus)) == 0 ||
		strncmp(error->name, by_systemd, strlen(by_systemd)) == 0;
}

/* What the last answer means, if it is an error: see also sd-bus-errors(3). */
static int
judge_reply(const struct talk *talk)
{
	static const struct {
		const char *name;
		int error;
	} known[] = {
		{ SD_BUS_ERROR_NAME_HAS_NO_OWNER, EHOSTUNREACH },
		/* also sd-bus's own, when the connection ends */
		{ SD_BUS_ERROR_NO_REPLY, ECONNRESET },
		{ "org.freedesktop.login1.NoSuchUser", ENOENT },
		{ "org.freedesktop.PolicyKit1.Error.NotAuthorized", EACCES },
	};
	const sd_bus_error *error = talk_error(talk);

	if (error == NULL)
		return 0;
	if (is_failed_start(talk, error))
		return -EHOSTUNREACH;
	for (size_t i = 0; i < countof(known); i++) {
		if (sd_bus_error_has_name(error, known[i].name))
			return -known[i].error;
	}
	return -sd_bus_error_get_errno(error);
}

static int
keep_reply(sd_bus_message *reply, void *context, sd_bus_error *error)
{
	struct talk *talk = context;

	(void)error;
	talk->reply = sd_bus_message_ref(reply);
	return 0;
}

static int
wait_for_reply(struct talk *talk)
{
	while (talk->reply == NULL) {
		uint64_t time = now();
		int r;

		if (time >= talk->deadline)
			return -ETIMEDOUT;
		r = sd_bus_process(talk->bus, NULL);
		if (r == 0)
			r = sd_bus_wait(talk->bus, talk->deadline - time);
		if (r < 0 && r != -EINTR)
			return r;
	}
	return judge_reply(talk);
}

/*
 * Calls a method and waits for its answer, talk->reply, which may also be an
 * error. types and what follows: as sd_bus_message_append(3) has them; they
 * may lie in the answer to the last question.
 */
static int
ask(struct talk *talk, const struct place *place, const char *method,
	const char *types, ...)
{
	sd_bus_message *question = NULL;
	va_list arguments;
	int r;

	r = sd_bus_message_new_method_call(talk->bus, &question, place->service,
		place->path, place->interface, method);
	if (r >= 0)
		r = sd_bus_message_set_auto_start(question, place->may_start);
	va_start(arguments, types);
	if (r >= 0)
		r = sd_bus_message_appendv(question, types, arguments);
	va_end(arguments);
	talk->reply = sd_bus_message_unref(talk->reply);
	if (r >= 0)
		r = sd_bus_call_async(talk->bus, NULL, question, keep_reply,
			talk, UINT64_MAX);
	sd_bus_message_unref(question);
	if (r >= 0)
		r = wait_for_reply(talk);
	return translate(r);
}

/* Reads one value off the answer. */
static int
read_answer(struct talk *talk, char type, void *ret)
{
	return sd_bus_message_read_basic(talk->reply, type, ret) > 0 ? 0
								     : -EBADMSG;
}

/* Goes into a container of the answer. */
static int
enter_answer(struct talk *talk, char type, const char *contents)
{
	return sd_bus_message_enter_container(talk->reply, type, contents) > 0
		? 0
		: -EBADMSG;
}

/* The property is then what is read off the answer next. */
static int
ask_property(struct talk *talk, const struct place *place, const char *name,
	const char *type)
{
	struct place properties = *place;
	int r;

	properties.interface = "org.freedesktop.DBus.Properties";
	r = ask(talk, &properties, "Get", "ss", place->interface, name);
	return r < 0 ? r : enter_answer(talk, 'v', type);
}

/* --- polkit --- */

static bool
is_unknown_action(const struct talk *talk)
{
	const sd_bus_error *error = talk_error(talk);

	/* polkit has no name of its own for this one */
	return sd_bus_error_has_name(
		       error, "org.freedesktop.PolicyKit1.Error.Failed") &&
		error->message != NULL &&
		strstr(error->message, "is not registered") != NULL;
}

static int
check_authorization(struct talk *talk, const char *action, pid_t pid,
	uint64_t start, uid_t uid)
{
	int r;

	r = ask(talk, &polkit, "CheckAuthorization", "(sa{sv})sa{ss}us",
		"unix-process", 3, "pid", "u", (uint32_t)pid, "start-time", "t",
		start, "uid", "i", (int32_t)uid, action, 0, UINT32_C(0), "");
	return r < 0 && is_unknown_action(talk) ? -ENXIO : r;
}

int
bus_ask_polkit(const char *action, pid_t pid, uint64_t start, uid_t uid,
	int timeout_ms, struct polkit_answer *ret)
{
	struct talk talk = { .deadline = deadline_in(timeout_ms) };
	int is_authorized, is_challenge;
	int r;

	r = talk_to_system(&talk);
	if (r >= 0)
		r = check_authorization(&talk, action, pid, start, uid);
	if (r >= 0)
		r = enter_answer(&talk, 'r', "bba{ss}");
	if (r >= 0)
		r = read_answer(&talk, 'b', &is_authorized);
	if (r >= 0)
		r = read_answer(&talk, 'b', &is_challenge);
	if (r >= 0)
		*ret = (struct polkit_answer){ is_authorized, is_challenge };
	talk_end(&talk);
	return r;
}

/* --- systemd --- */

/* LIBVIRT_DEFAULT_URI in a manager's environment block; NULL: not set. */
static int
ask_uri(struct talk *talk, char **ret)
{
	static const char prefix[] = "LIBVIRT_DEFAULT_URI=";
	const char *entry, *uri = NULL;
	int r;

	r = ask_property(talk, &systemd, "Environment", "as");
	if (r >= 0)
		r = enter_answer(talk, 'a', "s");
	if (r < 0)
		return r;
	while ((r = sd_bus_message_read_basic(talk->reply, 's', &entry)) > 0) {
		if (strncmp(entry, prefix, strlen(prefix)) == 0)
			uri = entry + strlen(prefix);
	}
	if (r < 0)
		return -EBADMSG;
	*ret = uri == NULL ? NULL : need(strdup(uri));
	return 0;
}

/* One number that the bus knows of whoever has the manager's name. */
static int
ask_about_manager(struct talk *talk, const char *method, uint32_t *ret)
{
	int r;

	r = ask(talk, &bus_itself, method, "s", systemd.service);
	return r < 0 ? r : read_answer(talk, 'u', ret);
}

static int
ask_by_bus(struct talk *talk, struct manager *manager)
{
	uint32_t pid, uid;
	int r;

	r = talk_to_user(talk);
	if (r >= 0)
		r = ask_about_manager(talk, "GetConnectionUnixUser", &uid);
	if (r >= 0 && uid != getuid())
		r = -EPERM;
	if (r >= 0)
		r = ask_about_manager(talk, "GetConnectionUnixProcessID", &pid);
	if (r >= 0)
		r = ask_uri(talk, &manager->uri);
	if (r >= 0)
		manager->pid = (pid_t)pid;
	return r;
}

/* Straight to its own socket, where there is no bus and nobody has a name. */
static int
ask_by_socket(struct talk *talk, struct manager *manager)
{
	char *address = NULL;
	int r;

	r = find_in_runtime_dir("systemd/private", &address);
	if (r < 0)
		return r;
	r = talk_begin(talk, address, false);
	if (r >= 0)
		r = check_listener(talk, &manager->pid);
	if (r >= 0)
		r = ask_uri(talk, &manager->uri);
	free(address);
	return r;
}

int
bus_ask_manager(int timeout_ms, struct manager *ret)
{
	uint64_t deadline = deadline_in(timeout_ms);
	struct talk by_bus = { .deadline = deadline };
	struct talk by_socket = { .deadline = deadline };
	struct manager manager = { 0 };
	int r, error;

	r = error = ask_by_bus(&by_bus, &manager);
	if (error < 0)
		r = ask_by_socket(&by_socket, &manager);
	if (r >= 0)
		*ret = manager;
	talk_end(&by_bus);
	talk_end(&by_socket);
	return r == -ENOENT ? error : r;
}

/*
 * Asks a manager on the system's bus for an object by its name or number, and
 * that for a property.
 */
static int
ask_object(struct talk *talk, struct place *object, const char *property,
	const char *type)
{
	int r;

	r = read_answer(talk, 'o', &object->path);
	return r < 0 ? r : ask_property(talk, object, property, type);
}

static int
ask_linger(struct talk *talk, uid_t uid, int *ret)
{
	struct place user = logind;
	int r;

	user.interface = "org.freedesktop.login1.User";
	r = ask(talk, &logind, "GetUser", "u", (uint32_t)uid);
	if (r == -ENOENT) {
		*ret = false;
		return 0;
	}
	if (r >= 0)
		r = ask_object(talk, &user, "Linger", "b");
	return r < 0 ? r : read_answer(talk, 'b', ret);
}

int
bus_is_lingering(uid_t uid, int timeout_ms, bool *ret)
{
	struct talk talk = { .deadline = deadline_in(timeout_ms) };
	int is_lingering, r;

	r = talk_to_system(&talk);
	if (r >= 0)
		r = ask_linger(&talk, uid, &is_lingering);
	if (r >= 0)
		*ret = is_lingering;
	talk_end(&talk);
	return r;
}

/* --- Notifications --- */

int
bus_notify(uint32_t replaces, const char *summary, const char *body,
	int timeout_ms, uint32_t *id, char **notifier)
{
	struct talk talk = { .deadline = deadline_in(timeout_ms) };
	const int normal = 1, never = 0, nothing = 0;
	const char *sender;
	int r;

	r = talk_to_user(&talk);
	if (r >= 0)
		r = ask(&talk, &notifications, "Notify", "susssasa{sv}i",
			"virturi", replaces, "computer", summary, body, nothing,
			1, "urgency", "y", normal, never);
	if (r >= 0)
		r = read_answer(&talk, 'u', id);
	if (r >= 0) {
		sender = sd_bus_message_get_sender(talk.reply);
		*notifier = need(strdup(sender != NULL ? sender : ""));
	}
	talk_end(&talk);
	return r;
}

int
bus_find_notifier(int timeout_ms, char **ret)
{
	struct talk talk = { .deadline = deadline_in(timeout_ms) };
	const char *name = NULL;
	int r;

	r = talk_to_user(&talk);
	if (r >= 0)
		r = ask(&talk, &bus_itself, "GetNameOwner", "s",
			notifications.service);
	if (r >= 0)
		r = read_answer(&talk, 's', &name);
	if (r >= 0)
		*ret = need(strdup(name));
	talk_end(&talk);
	return r;
}

int
bus_close_notification(uint32_t id, int timeout_ms)
{
	struct talk talk = { .deadline = deadline_in(timeout_ms) };
	struct place shown = notifications;
	int r;

	shown.may_start = false; /* what is not there shows nothing */
	r = talk_to_user(&talk);
	if (r >= 0) {
		r = ask(&talk, &shown, "CloseNotification", "u", id);
		/* the error for one that is closed has no name */
		if (r == -EHOSTUNREACH || (r < 0 && is_from_service(&talk)))
			r = 0;
	}
	talk_end(&talk);
	return r;
}

#else /* !WITH_SYSTEMD */

int
bus_ask_polkit(const char *action, pid_t pid, uint64_t start, uid_t uid,
	int timeout_ms, struct polkit_answer *ret)
{
	(void)action, (void)pid, (void)start, (void)uid;
	(void)timeout_ms, (void)ret;
	return -EOPNOTSUPP;
}

int
bus_ask_manager(int timeout_ms, struct manager *ret)
{
	(void)timeout_ms, (void)ret;
	return -EOPNOTSUPP;
}

int
bus_is_lingering(uid_t uid, int timeout_ms, bool *ret)
{
	(void)uid, (void)timeout_ms, (void)ret;
	return -EOPNOTSUPP;
}

int
bus_notify(uint32_t replaces, const char *summary, const char *body,
	int timeout_ms, uint32_t *id, char **notifier)
{
	(void)replaces, (void)summary, (void)body, (void)timeout_ms, (void)id;
	(void)notifier;
	return -EOPNOTSUPP;
}

int
bus_find_notifier(int timeout_ms, char **ret)
{
	(void)timeout_ms, (void)ret;
	return -EOPNOTSUPP;
}

int
bus_close_notification(uint32_t id, int timeout_ms)
{
	(void)id, (void)timeout_ms;
	return -EOPNOTSUPP;
}

#endif

void
manager_clear(struct manager *manager)
{
	free(manager->uri);
	*manager = (struct manager){ 0 };
}

static const char *
find_entity(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

char *
bus_escape_markup(const char *text)
{
	char *printable = need(text_printable(text));
	char *markup = NULL;
	size_t size = 0;
	FILE *stream = need(open_memstream(&markup, &size));

	for (const char *c = printable; *c != '\0'; c++) {
		const char *entity = find_entity(*c);

		if (entity != NULL)
			fputs(entity, stream);
		else
			fputc(*c, stream);
	}
	if (fclose(stream) != 0)
		need(NULL);
	free(printable);
	return markup;
}
