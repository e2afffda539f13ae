/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mount - what the kernel says of the mount that a file lies on: its type, its source, its options.
 */
#ifndef SPOOL_MOUNT_H
#define SPOOL_MOUNT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* All strings are on the heap and never NULL. Options are kept as the kernel writes them; the other
 * texts have lost its escapes and may hold any byte. */
struct mount {
	uint64_t id;
	char *type;    /* "nfs4", "cifs", "fuse.sshfs" */
	char *source;  /* "server:/export", "/dev/sda1" */
	char *point;   /* where it is mounted */
	char *options; /* of this mount: "rw,nosuid,relatime" */
	char *super;   /* of the file system behind it: "rw,vers=4.2,hard,..." */
};

/*
 * Finds a mount in a text like /proc/self/mountinfo: the one of this id; if id is 0, the last one
 * of the device. 0; -ENOENT with *ret untouched.
 */
int mount_find(const char *text, uint64_t id, dev_t dev, struct mount *ret);

/* The same by path, without looking at the path itself: the last mount of the longest point above
 * it. For a file server that does not answer. path is absolute. */
int mount_find_path(const char *text, const char *path, struct mount *ret);

/* The mount that the open file lies on. 0; -ENOENT if the kernel does not tell (outside of a
 * chroot); another negative errno. */
int mount_of(int fd, struct mount *ret);

/* The mount that the path would lie on, by mount_find_path. */
int mount_of_path(const char *path, struct mount *ret);

/* The id of the mount that the open file lies on; 0 if the kernel does not tell. */
uint64_t mount_id(int fd);

/* Do both open files lie on one mount of one file system, so that one can be renamed to the other's
 * folder? True if that cannot be found out. */
bool mount_is_same(int a, int b);

void mount_free(struct mount *m); /* leaves it empty; one that is all zero may be freed */

/* Is the word among the options (of the mount or of the file system)? "soft". */
bool mount_has(const struct mount *m, const char *word);

/* The value of an option ("vers" gives "4.2"), without the kernel's escapes. Heap, or NULL. */
char *mount_value(const struct mount *m, const char *key);

/* The same, as a whole number of at least 0; -1 if it is not there or is none. */
int64_t mount_number(const struct mount *m, const char *key);

/* "\040" and its like become the bytes that they stand for, in place. Returns text. */
char *mount_unescape(char *text);

#endif
