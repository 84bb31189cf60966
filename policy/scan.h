/* SPDX-License-Identifier: MIT */
#ifndef POLICY_SCAN_H
#define POLICY_SCAN_H

/*
 * The scanner: the bytes of a policy file as rules, and a rule's body as
 * entries. It alone decides what is a mistake of form, so the verdict does not
 * depend on how a version of libeconf reads a line that is none.
 *
 * Two steps, because headers select and bodies decide: scan_file() cuts a
 * file at its headers, scan_body() looks into one rule's lines, and is called
 * only for the rules that matter.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "remark.h"
#include "text.h"

#define SCAN_FILE_MAX  1048576 /* bytes in a file: 1 MiB */
#define SCAN_RULES_MAX 1000 /* rules in a file */
#define SCAN_LINE_MAX  8000 /* bytes in a line: libeconf 0.5 splits longer */

/* After so many mistakes in a file or a rule nobody reads on. */
#define SCAN_MISTAKES_MAX 100

enum rule_kind {
	RULE_USER,
	RULE_GROUP,
	RULE_GID,
	RULE_OTHERS,
};

/* A header and the lines it rules over. */
struct rule {
	enum rule_kind kind;
	const char *name; /* [user], [group]: borrowed from the bytes */
	gid_t gid; /* [gid] */
	const char *path; /* the file: borrowed from the caller */
	unsigned int line; /* the header's */
	struct span body;
};

/* The order is that of virturi.conf(5). */
enum rule_key {
	KEY_URI,
	KEY_SERVICES,
	KEY_FROM,
	KEY_UIDS,
	KEY_REQUIRE_GROUPS,
	KEY_EXCLUDE_GROUPS,
	KEY_TRIAL,
	KEY_COUNT,
};

/* "uri", "services", … */
extern const char *const rule_key_names[KEY_COUNT];

/* One key of a body. */
struct entry {
	unsigned int line; /* 0: the body does not have the key */
	struct span value; /* trimmed, without a comment */
	bool is_sound; /* it may be handed to libeconf and believed */
};

struct body {
	struct entry entries[KEY_COUNT];
};

/*
 * Cuts a file into rules, in the order of their lines.
 *
 * bytes: the file's contents and a terminating NUL behind them; written to,
 * since names are terminated in place, and borrowed by the rules. path: names
 * the file in rules and remarks, borrowed by the rules.
 *
 * What makes the whole file unusable (NUL bytes, a byte order mark, lines that
 * end in CR alone or are over-long, text before the first header, a header
 * that is none, too many rules) is added to remarks as errors.
 *
 * Returns 0 with the array in *rules* (owned by the caller; NULL for none) and
 * its length in *count*; -ENOMEM with both untouched.
 */
int scan_file(char *bytes, size_t size, const char *path, struct rule **rules,
	size_t *count, struct remarks *remarks);

/*
 * Reads the lines of a rule. Mistakes (a line that is no "key = value", an
 * unknown or repeated key, an empty value, quotes, a '#' inside a value,
 * control characters) are added to remarks as errors; the entries concerned
 * are unsound.
 *
 * Returns 0, or -ENOMEM.
 */
int scan_body(
	const struct rule *rule, struct body *ret, struct remarks *remarks);

/* Do two headers select the same people, as written? */
bool rule_same_header(const struct rule *a, const struct rule *b);

/*
 * The header as it is shown: "[group libvirt]", printable. Owned by the
 * caller; NULL when memory is short.
 */
char *rule_format_header(const struct rule *rule);

#endif
