/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mount - what the kernel says of the mount that a file lies on.
 *
 * Reads /proc/self/mountinfo, changes nothing. A mount is found by its id, which statx(2) tells
 * (Linux 5.8 and later): the device number alone would not do, because bind mounts share it and
 * btrfs shows another one. The text is the kernel's, but sources and points in it are names that
 * people choose, so a line that is not well-formed is passed over.
 */
#include "mount.h"

#include "cleanup.h"
#include "human.h"
#include "xalloc.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#define MOUNTINFO "/proc/self/mountinfo"

/* One line: "36 35 98:0 /root /point rw,noatime master:1 - ext3 /dev/root rw,errors=continue". */
enum { ID, PARENT, DEVICE, ROOT, POINT, OPTIONS, FIXED };
enum { TYPE, SOURCE, SUPER, BEHIND };
struct line {
	char *fixed[FIXED], *behind[BEHIND];
};

char *mount_unescape(char *text)
{
	char *to = text;

	for (const char *from = text; *from; to++) {
		if (from[0] == '\\' && from[1] >= '0' && from[1] <= '3' && from[2] >= '0' &&
		    from[2] <= '7' && from[3] >= '0' && from[3] <= '7') {
			*to = (char)((from[1] - '0') << 6 | (from[2] - '0') << 3 | (from[3] - '0'));
			from += 4;
		} else {
			*to = *from++;
		}
	}
	*to = '\0';
	return text;
}

/* Cuts the line into its fields; between the fixed ones and the hyphen stand any number of others.
 */
static bool cut(char *text, struct line *ret)
{
	char *field;
	int n = 0;

	while (n < FIXED && (field = strsep(&text, " ")))
		ret->fixed[n++] = field;
	while ((field = strsep(&text, " ")) && strcmp(field, "-") != 0)
		;
	for (int i = 0; i < BEHIND; i++) {
		ret->behind[i] = strsep(&text, " ");
		if (!ret->behind[i])
			return false;
	}
	return n == FIXED;
}

static uint64_t line_id(const struct line *l)
{
	int64_t id;

	return human_parse_int(l->fixed[ID], 0, INT64_MAX, &id) == 0 ? (uint64_t)id : 0;
}

static bool line_is_of(const struct line *l, dev_t dev)
{
	_cleanup_free_ char *device = xasprintf("%u:%u", major(dev), minor(dev));

	return strcmp(l->fixed[DEVICE], device) == 0;
}

/* Is the path the point or below it? */
static bool is_below(const char *path, const char *point)
{
	size_t len = strlen(point);

	if (strcmp(point, "/") == 0)
		return path[0] == '/';
	return strncmp(path, point, len) == 0 && (path[len] == '/' || !path[len]);
}

static void take(const struct line *l, struct mount *ret)
{
	mount_free(ret);
	*ret = (struct mount){
		.id = line_id(l),
		.type = mount_unescape(xstrdup(l->behind[TYPE])),
		.source = mount_unescape(xstrdup(l->behind[SOURCE])),
		.point = mount_unescape(xstrdup(l->fixed[POINT])),
		.options = xstrdup(l->fixed[OPTIONS]),
		.super = xstrdup(l->behind[SUPER]),
	};
}

int mount_find(const char *text, uint64_t id, dev_t dev, struct mount *ret)
{
	_cleanup_free_ char *copy = xstrdup(text);
	char *rest = copy, *one;
	struct mount m = { 0 };

	while ((one = strsep(&rest, "\n"))) {
		struct line l = { { NULL }, { NULL } };

		if (cut(one, &l) && (id ? line_id(&l) == id : line_is_of(&l, dev)))
			take(&l, &m);
	}
	if (!m.type)
		return -ENOENT;
	*ret = m;
	return 0;
}

int mount_find_path(const char *text, const char *path, struct mount *ret)
{
	_cleanup_free_ char *copy = xstrdup(text);
	char *rest = copy, *one;
	struct mount m = { 0 };

	while ((one = strsep(&rest, "\n"))) {
		struct line l = { { NULL }, { NULL } };
		_cleanup_free_ char *point = NULL;

		if (!cut(one, &l))
			continue;
		point = mount_unescape(xstrdup(l.fixed[POINT]));
		if (is_below(path, point) && (!m.point || strlen(point) >= strlen(m.point)))
			take(&l, &m);
	}
	if (!m.type)
		return -ENOENT;
	*ret = m;
	return 0;
}

/* The whole of mountinfo; heap, or NULL with errno. */
static char *read_mountinfo(void)
{
	_cleanup_fclose_ FILE *f = fopen(MOUNTINFO, "re");
	char *text = NULL;
	size_t room = 0;

	if (!f)
		return NULL;
	if (getdelim(&text, &room, '\0', f) < 0) {
		free(text);
		errno = EIO;
		return NULL;
	}
	return text;
}

uint64_t mount_id(int fd)
{
	struct statx st;

	if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_MNT_ID, &st) < 0 ||
	    !(st.stx_mask & STATX_MNT_ID))
		return 0;
	return st.stx_mnt_id;
}

bool mount_is_same(int a, int b)
{
	struct stat one, two;

	return fstat(a, &one) < 0 || fstat(b, &two) < 0 ||
	       (one.st_dev == two.st_dev && mount_id(a) == mount_id(b));
}

int mount_of(int fd, struct mount *ret)
{
	_cleanup_free_ char *text = NULL;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	text = read_mountinfo();
	return text ? mount_find(text, mount_id(fd), st.st_dev, ret) : -errno;
}

int mount_of_path(const char *path, struct mount *ret)
{
	_cleanup_free_ char *text = read_mountinfo();

	return text ? mount_find_path(text, path, ret) : -errno;
}

void mount_free(struct mount *m)
{
	free(m->type);
	free(m->source);
	free(m->point);
	free(m->options);
	free(m->super);
	*m = (struct mount){ 0 };
}

/* Finds "key" or "key=value" in the list; where the value begins (or the end of the word), and its
 * length. */
static const char *find_option(const char *list, const char *key, bool valued, size_t *ret_len)
{
	size_t key_len = strlen(key);

	for (const char *p = list; p && *p;) {
		size_t len = strcspn(p, ",");

		if (strncmp(p, key, key_len) == 0 &&
		    (valued ? len > key_len && p[key_len] == '=' : len == key_len)) {
			*ret_len = len - key_len - valued;
			return p + key_len + valued;
		}
		p += len + (p[len] == ',');
	}
	return NULL;
}

bool mount_has(const struct mount *m, const char *word)
{
	size_t len;

	return find_option(m->options, word, false, &len) ||
	       find_option(m->super, word, false, &len);
}

char *mount_value(const struct mount *m, const char *key)
{
	size_t len;
	const char *value = find_option(m->super, key, true, &len);

	if (!value)
		value = find_option(m->options, key, true, &len);
	return value ? mount_unescape(xstrndup(value, len)) : NULL;
}

int64_t mount_number(const struct mount *m, const char *key)
{
	_cleanup_free_ char *value = mount_value(m, key);
	int64_t number;

	return value && human_parse_int(value, 0, INT64_MAX, &number) == 0 ? number : -1;
}
