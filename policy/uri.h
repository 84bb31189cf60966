/* SPDX-License-Identifier: MIT */
#ifndef POLICY_URI_H
#define POLICY_URI_H

/*
 * URIs as far as the engine cares: RFC 3986's syntax and nothing of libvirt's
 * meaning. A policy holds templates; what leaves here for a user's environment
 * has the template's own structure, whatever the user's name is.
 */

#include <stdbool.h>

/* The longest URI that is exported, in bytes. */
#define URI_MAX 2048

/*
 * What ${user}, ${uid}, ${home} and ${group} stand for. A NULL has no value
 * here: a template that names it is mistaken.
 */
struct uri_values {
	const char *user;
	const char *uid;
	const char *home;
	const char *group;
};

/*
 * Is this an absolute URI (RFC 3986, section 4.3, with its grammar from
 * appendix A) of at most URI_MAX bytes, without quotes? The apostrophe, which
 * the RFC allows, is refused too: shells and configuration files trip on it.
 *
 * Returns NULL when it is, else what is wrong: a constant sentence part.
 */
const char *uri_find_fault(const char *uri);

/*
 * What is wrong with a template, whoever it will be expanded for? A variable
 * may stand in userinfo, path and query values; in a scheme, host or port
 * percent-encoding protects nothing (a client decodes it before it connects).
 * have_group: ${group} has a value.
 *
 * Returns 0 and, in *fault*, NULL (nothing) or a sentence part owned by the
 * caller. -ENOMEM: *fault* untouched.
 */
int uri_check_template(const char *template, bool have_group, char **fault);

/*
 * Does the template name ${group}? If not, nobody need look its value up.
 */
bool uri_uses_group(const char *template);

/*
 * Expands a template. RFC 3986's unreserved characters stay, and '/' in
 * ${home} in a path or query; every other byte of a value is percent-encoded.
 * "$$" is a dollar. A '%' of the template's needs two hex digits of its own.
 *
 * Returns 0 with the URI in *ret* (owned by the caller) and *fault* NULL; or
 * 0 with *fault* as uri_check_template() has it, and *ret* untouched, when
 * the template or what became of it is no URI. -ENOMEM: both untouched.
 */
int uri_expand(const char *template, const struct uri_values *values,
	char **ret, char **fault);

#endif
