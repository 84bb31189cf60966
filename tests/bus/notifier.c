/* SPDX-License-Identifier: MIT */
/*
 * notifier NAME LOG: has a name on the user's bus, shows notifications to
 * nobody, and writes each call to the file LOG, a line each. What is closed
 * when it is not shown is an error; a summary "die" ends it unanswered,
 * "lie" is answered by what is no id.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>

struct notifier {
	FILE *log;
	uint32_t last; /* id that was given out */
	uint32_t shown; /* the one that is seen; 0: none */
};

/* Ends the program if anything went wrong: the test will miss it. */
static void
must(int r)
{
	if (r < 0)
		abort();
}

/* hints: a{sv}, of which y is all we know */
static void
log_hints(struct notifier *notifier, sd_bus_message *call)
{
	const char *name;
	uint8_t value;

	must(sd_bus_message_enter_container(call, 'a', "{sv}"));
	while (sd_bus_message_enter_container(call, 'e', "sv") > 0) {
		must(sd_bus_message_read(call, "sv", &name, "y", &value));
		must(sd_bus_message_exit_container(call));
		fprintf(notifier->log, " %s=%u", name, value);
	}
	must(sd_bus_message_exit_container(call));
}

static int
handle_notify(struct notifier *notifier, sd_bus_message *call)
{
	const char *application, *icon, *summary, *body;
	char **actions = NULL;
	uint32_t replaces;
	int expire;

	must(sd_bus_message_read(call, "susss", &application, &replaces, &icon,
		&summary, &body));
	must(sd_bus_message_read_strv(call, &actions));
	if (actions != NULL && actions[0] != NULL)
		abort();
	free(actions);
	fprintf(notifier->log, "Notify %s %" PRIu32 " %s '%s' '%s'",
		application, replaces, icon, summary, body);
	log_hints(notifier, call);
	must(sd_bus_message_read(call, "i", &expire));
	fprintf(notifier->log, " expires=%d\n", expire);
	if (strcmp(summary, "die") == 0)
		exit(0);
	if (strcmp(summary, "lie") == 0)
		return sd_bus_reply_method_return(call, "s", "no number");
	notifier->shown = replaces != 0 ? replaces : ++notifier->last;
	return sd_bus_reply_method_return(call, "u", notifier->shown);
}

static int
handle_close(struct notifier *notifier, sd_bus_message *call)
{
	uint32_t id;

	must(sd_bus_message_read(call, "u", &id));
	fprintf(notifier->log, "CloseNotification %" PRIu32 "\n", id);
	if (id != notifier->shown)
		return sd_bus_reply_method_errorf(
			call, "com.example.Error", "%s", "");
	notifier->shown = 0;
	return sd_bus_reply_method_return(call, "");
}

/* No vtable: it would not let us lie. */
static int
handle(sd_bus_message *call, void *context, sd_bus_error *error)
{
	static const char interface[] = "org.freedesktop.Notifications";

	(void)error;
	if (sd_bus_message_is_method_call(call, interface, "Notify"))
		return handle_notify(context, call);
	if (sd_bus_message_is_method_call(call, interface, "CloseNotification"))
		return handle_close(context, call);
	return 0;
}

int
main(int argc, char **argv)
{
	struct notifier notifier = { 0 };
	sd_bus *bus = NULL;

	if (argc != 3)
		return 2;
	notifier.log = fopen(argv[2], "ae");
	if (notifier.log == NULL)
		return 1;
	setlinebuf(notifier.log);
	must(sd_bus_open_user(&bus));
	must(sd_bus_add_object(bus, NULL, "/org/freedesktop/Notifications",
		handle, &notifier));
	must(sd_bus_request_name(bus, argv[1], 0));
	puts("ready");
	fflush(stdout);
	for (;;) {
		must(sd_bus_process(bus, NULL));
		must(sd_bus_wait(bus, UINT64_MAX));
	}
}
