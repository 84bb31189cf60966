/* SPDX-License-Identifier: MIT */
#ifndef POLICY_REQUEST_H
#define POLICY_REQUEST_H

/* The session that is being opened, as far as a policy may ask about it. */

#include <stdbool.h>

struct request {
	const char *service; /* PAM_SERVICE; NULL: not known, matches nothing */
	const char *rhost; /* PAM_RHOST; NULL or empty: local */
};

/*
 * Does the session come from another host? Loopback addresses, "localhost" and
 * local displays such as ":0" do not. su, cron and systemd-user set no
 * PAM_RHOST and so are local, inside an ssh session too.
 */
bool request_is_remote(const struct request *request);

#endif
