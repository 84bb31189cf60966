/* SPDX-License-Identifier: MIT */
#ifndef HELPER_PROCESS_H
#define HELPER_PROCESS_H

/*
 * Processes, as /proc shows them: proc(5). They come, change and vanish while
 * they are looked at, and their names and environments are other people's.
 *
 * Arguments and environments lie in a process's own memory, and whoever reads
 * them waits as long as somebody holds that memory's lock: perhaps for ever.
 * So they are read by a child with a deadline, except where a function says
 * that it may block.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

/*
 * What a process is to somebody who waits for new groups. Any process may call
 * itself anything: this is for telling people, not for deciding.
 */
enum process_kind {
	PROCESS_OTHER,
	PROCESS_SHELL,
	PROCESS_MANAGER, /* systemd --user */
	PROCESS_TMUX, /* a tmux server */
	PROCESS_SCREEN, /* a screen server */
	PROCESS_SSHD, /* sshd's own, for one connection */
	PROCESS_EDITOR, /* an editor's remote server */
	PROCESS_DESKTOP, /* a display server, compositor or session leader */
};

/* Strings and arrays are owned; text is as the kernel gives it, raw. */
struct process {
	pid_t pid;
	pid_t parent;
	uid_t uid; /* real */
	uint64_t start; /* clock ticks after boot; with pid it is unique */
	char *name; /* comm: up to 15 bytes, anything but NUL; never NULL */
	gid_t gid; /* effective */
	gid_t *groups; /* supplementary */
	size_t n_groups;
	bool is_zombie; /* or dead: it holds nothing any more */
	char *cgroup; /* of the systemd (or unified) hierarchy, or NULL */
	enum process_kind kind;
};

/*
 * Reads one. 0 with *ret* to be cleared; -ENOENT or -ESRCH when there is none
 * (any more), or /proc is mounted so that it hides others' (hidepid=);
 * -EBADMSG when /proc says what it should not; another −errno.
 */
int process_read(pid_t pid, struct process *ret);

void process_clear(struct process *process);

/* Many. All zero: none. */
struct processes {
	struct process *list; /* by pid */
	size_t count;
};

/*
 * All processes with this real uid, zombies left out. 0 with *ret* to be
 * cleared, or −errno when /proc cannot be listed.
 */
int processes_read(uid_t uid, struct processes *ret);

void processes_clear(struct processes *processes);

/* NULL: not among them. Borrowed. */
const struct process *processes_find(
	const struct processes *processes, pid_t pid);

/* Is gid its effective one or among its supplementary ones? */
bool process_has_gid(const struct process *process, gid_t gid);

/* When it began, in seconds since the epoch; 0: not known. */
time_t process_began(const struct process *process);

/*
 * Is it in a user namespace of its own, a container's or a sandbox's? There
 * groups are dropped on purpose. False also where that is not to be seen.
 */
bool process_is_contained(const struct process *process);

/* What can be seen of a variable in a process's environment. */
enum variable_state {
	VARIABLE_UNKNOWN, /* nothing: not to be seen, or not in time */
	VARIABLE_UNSET,
	VARIABLE_SET,
};

struct variable {
	enum variable_state state;
	char *value; /* owned; NULL unless VARIABLE_SET */
};

/* A longer value is cut off here; the longest URI is half of it. */
#define VARIABLE_VALUE_MAX 4096

/*
 * What a variable is in each process's environment, as it was started: what a
 * process has set since then does not show. Within timeout_ms; what is not
 * read by then is VARIABLE_UNKNOWN. As many as there are processes, in their
 * order, to be freed by variables_free(). Never NULL.
 */
struct variable *processes_read_variable(
	const struct processes *processes, const char *name, int timeout_ms);

void variables_free(struct variable *variables, size_t count);

/*
 * The same of one process, in full. May block: for this process, and others
 * known to answer. 0 with *ret* (owned by the caller); -ENOENT: not set;
 * another −errno: not to be seen (-EACCES: it is another user's, or has made
 * itself undumpable; -ESRCH: it is gone; -ENODATA: it has written something
 * else over its environment, as sshd and others do for a title; -EFBIG: not
 * in the first 2 MiB).
 */
int process_read_variable(
	const struct process *process, const char *name, char **ret);

/*
 * The program's arguments, blanks between them, up to 200 bytes, raw; comm in
 * brackets if there are none. May block. Owned by the caller; NULL when the
 * process is gone.
 */
char *process_read_command(const struct process *process);

/*
 * The same of each, within timeout_ms; comm in brackets for those that do not
 * answer, NULL for those that are gone. As many as there are processes, in
 * their order; the array and each string are the caller's.
 */
char **processes_read_command(
	const struct processes *processes, int timeout_ms);

/* --- The parsers, for tests and fuzzers: all take untrusted bytes. --- */

/*
 * /proc/PID/status: name, parent, uid, gid, groups and is_zombie; the others
 * are left alone. 0 with *process* to be cleared. -EBADMSG: Uid, Gid or Groups
 * is missing or malformed; *process* is then untouched.
 */
int process_parse_status(const char *text, struct process *process);

/* /proc/PID/stat: the start time (field 22). 0 or -EBADMSG. */
int process_parse_stat(const char *text, uint64_t *start);

/*
 * /proc/PID/cgroup: the path in systemd's own hierarchy (name=systemd) or the
 * unified one, whichever is not "/". 0 with *ret* owned by the caller,
 * -ENOENT when there is none.
 */
int process_parse_cgroup(const char *text, char **ret);

/*
 * A NUL-separated environment; of two values the first counts, as with
 * getenv(3). 0 with *ret* owned; -ENOENT: not set; -ENODATA: not found, and
 * what it begins with is no environment.
 */
int process_parse_environ(
	const char *bytes, size_t size, const char *name, char **ret);

/*
 * What a process would be taken for; its name, uid, parent and cgroup count.
 * command: its arguments, blanks between them; NULL: not known. exe: what its
 * program is, or NULL.
 */
enum process_kind process_guess_kind(
	const struct process *process, const char *command, const char *exe);

#endif
