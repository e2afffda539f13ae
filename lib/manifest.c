/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * manifest - .spool-manifest: the record of an admission, in the job's folder.
 *
 * Lines of plain text with escaped names, so that it has no limit in size and "grep" reads it.
 * Written once, before the folder is moved to queued/; never changed after. The head alone decides
 * where a job may run, so a start with many waiting jobs reads one block of each.
 */
#include "manifest.h"

#include "cleanup.h"
#include "clock.h"
#include "complaint.h"
#include "escape.h"
#include "human.h"
#include "safefs.h"
#include "spool.h"
#include "xalloc.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#define MAGIC "spool-manifest 1"
/* Escapes make a name four times as long at most; numbers and hash of an entry take 152 bytes, the
 * head some lists of a job.conf. */
#define MAX_BYTES (4 * TREE_MAX_NAMES + TREE_MAX_ENTRIES * 160UL + (1UL << 20))
#define HEAD_BYTES 8192

/* -- writing ------------------------------------------------------------------------------------ */

/* Of a file's bytes or of where a link points to, and how many bytes that is. 0 or negative errno.
 */
static int hash_entry(int dir_fd, const struct tree_entry *e, char *hex, uint64_t *ret_size)
{
	_cleanup_close_ int fd = -1;
	char target[4096];
	ssize_t len;

	if (e->type == 'f') {
		fd = safefs_open(dir_fd, e->path, O_RDONLY, 0);
		return fd < 0 ? fd : digest_fd(fd, hex, ret_size);
	}
	len = readlinkat(dir_fd, e->path, target, sizeof(target));
	if (len < 0)
		return -errno;
	digest_buffer(target, (size_t)len, hex);
	*ret_size = (uint64_t)len;
	return 0;
}

int manifest_hash(int dir_fd, struct manifest *m, uint64_t most)
{
	char hex[DIGEST_HEX_SIZE];

	if (!m->hashes)
		m->hashes = xcalloc(m->tree.count + 1, sizeof(char *));
	for (size_t i = 0; i < m->tree.count; i++) {
		const struct tree_entry *e = &m->tree.entries[i];
		uint64_t size;
		int r;

		if (e->type != 'l' && (e->type != 'f' || e->size > most))
			continue;
		r = hash_entry(dir_fd, e, hex, &size);
		if (r < 0)
			return r;
		if (size != e->size)
			return -EAGAIN;
		free(m->hashes[i]);
		m->hashes[i] = xstrdup(hex);
	}
	return 0;
}

static void write_field(FILE *out, const char *key, const char *value)
{
	_cleanup_free_ char *text = escape_text(value ? value : "", ESCAPE_FIELD);

	fprintf(out, "%s %s\n", key, text);
}

static void write_list(FILE *out, const char *key, const struct strlist *list)
{
	fputs(key, out);
	for (size_t i = 0; i < list->count; i++) {
		_cleanup_free_ char *text = escape_text(list->items[i], ESCAPE_FIELD);

		fprintf(out, " %s", text);
	}
	fputc('\n', out);
}

static void write_head(FILE *out, const struct manifest *m)
{
	_cleanup_free_ char *user = escape_text(m->user ? m->user : "", ESCAPE_FIELD);
	char stamp[CLOCK_STAMP_SIZE];

	fprintf(out, MAGIC "\nid %" PRIu64 "\n", m->id);
	write_field(out, "name", m->name);
	fprintf(out, "user %s %u\n", user, (unsigned)m->uid);
	write_field(out, "group", m->group);
	write_field(out, "box", m->box);
	if (m->nonce)
		fprintf(out, "submit %s\n", m->nonce);
	fprintf(out, "queued %s\n", clock_stamp(m->queued_at, stamp));
	write_field(out, "app", m->needs.app);
	fprintf(out, "cores %u\nmemory %" PRIu64 "\nttl %" PRId64 "\n", m->needs.cores,
		m->needs.memory, m->needs.ttl_ms);
	write_list(out, "platforms", &m->needs.platforms);
	write_list(out, "software", &m->needs.software);
	write_field(out, "runner", m->needs.runner);
	if (m->spoiled)
		fprintf(out, "spoiled %u\n", m->spoiled);
	if (m->fail_if_lost)
		fputs("on_lost fail\n", out);
	if (m->lost)
		fprintf(out, "lost %u\n", m->lost);
	fputs("inputs\n", out);
}

char *manifest_write(struct manifest *m, size_t *ret_len)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		abort(); /* no memory, as in xalloc */
	write_head(out, m);
	for (size_t i = 0; i < m->tree.count; i++) {
		const struct tree_entry *e = &m->tree.entries[i];
		_cleanup_free_ char *name = escape_text(e->path, ESCAPE_FIELD);

		fprintf(out, "%c %" PRIu64 " %" PRId64 " %" PRId64 " %" PRIu64 " %s %s\n", e->type,
			e->size, e->mtime_ns, e->ctime_ns, e->inode,
			m->hashes && m->hashes[i] ? m->hashes[i] : "-", name);
	}
	fprintf(out, "end %zu\n", m->tree.count);
	if (fflush(out) != 0)
		abort();
	digest_buffer(text, len, m->digest);
	fprintf(out, "sum %s\n", m->digest);
	if (fclose(out) != 0)
		abort();
	*ret_len = len;
	return text;
}

/* -- reading ------------------------------------------------------------------------------------ */

/* Up to max, which may be all 64 bits: some file systems use them for inodes. 0 or -EBADMSG. */
static int read_number(const char *text, uint64_t max, uint64_t *ret)
{
	uint64_t value = 0;
	size_t len = strspn(text, "0123456789");

	if (len == 0 || text[len])
		return -EBADMSG;
	for (; *text; text++) {
		uint64_t digit = (uint64_t)(*text - '0');

		if (value > (max - digit) / 10)
			return -EBADMSG;
		value = value * 10 + digit;
	}
	*ret = value;
	return 0;
}

/* "-" is NULL. 0 or -EBADMSG. */
static int read_field(const char *text, char **ret)
{
	char *value = unescape_text(text);

	if (!value)
		return -EBADMSG;
	if (!*value) {
		free(value);
		value = NULL;
	}
	free(*ret);
	*ret = value;
	return 0;
}

static int read_words(char *text, struct strlist *ret)
{
	char *save = NULL;

	for (char *word = strtok_r(text, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		_cleanup_free_ char *value = unescape_text(word);

		if (!value)
			return -EBADMSG;
		strlist_add(ret, value);
	}
	return 0;
}

static int read_user(char *text, struct manifest *m)
{
	char *blank = strchr(text, ' ');
	uint64_t uid = 0;

	if (!blank || read_number(blank + 1, UINT32_MAX, &uid) < 0)
		return -EBADMSG;
	*blank = '\0';
	m->uid = (uid_t)uid;
	return read_field(text, &m->user);
}

/* One "key value" line of the head. Unknown keys are of a newer version and ignored. */
static int read_head_line(const char *key, char *value, struct manifest *m)
{
	uint64_t number = 0;
	int r = 0;

	if (strcmp(key, "name") == 0)
		return read_field(value, &m->name);
	if (strcmp(key, "user") == 0)
		return read_user(value, m);
	if (strcmp(key, "group") == 0)
		return read_field(value, &m->group);
	if (strcmp(key, "box") == 0)
		return read_field(value, &m->box);
	if (strcmp(key, "submit") == 0)
		return spool_is_nonce(value) ? read_field(value, &m->nonce) : -EBADMSG;
	if (strcmp(key, "queued") == 0)
		return clock_parse_stamp(value, &m->queued_at) < 0 ? -EBADMSG : 0;
	if (strcmp(key, "app") == 0)
		return read_field(value, &m->needs.app);
	if (strcmp(key, "runner") == 0)
		return read_field(value, &m->needs.runner);
	if (strcmp(key, "platforms") == 0)
		return read_words(value, &m->needs.platforms);
	if (strcmp(key, "software") == 0)
		return read_words(value, &m->needs.software);
	if (strcmp(key, "id") == 0)
		r = read_number(value, INT64_MAX, &m->id);
	else if (strcmp(key, "cores") == 0 && (r = read_number(value, UINT32_MAX, &number)) == 0)
		m->needs.cores = (unsigned)number;
	else if (strcmp(key, "spoiled") == 0 && (r = read_number(value, UINT32_MAX, &number)) == 0)
		m->spoiled = (unsigned)number;
	else if (strcmp(key, "memory") == 0)
		r = read_number(value, UINT64_MAX, &m->needs.memory);
	else if (strcmp(key, "ttl") == 0 && (r = read_number(value, INT64_MAX, &number)) == 0)
		m->needs.ttl_ms = (int64_t)number;
	else if (strcmp(key, "on_lost") == 0)
		m->fail_if_lost = strcmp(value, "fail") == 0;
	else if (strcmp(key, "lost") == 0 && (r = read_number(value, UINT32_MAX, &number)) == 0)
		m->lost = (unsigned)number;
	return r < 0 ? -EBADMSG : 0;
}

/* As tree_look makes them: nothing that leads out of the folder or names something twice. */
static bool is_tame_path(const char *path)
{
	for (;;) {
		size_t len = strcspn(path, "/");

		if (len == 0 || (len == 1 && path[0] == '.') ||
		    (len == 2 && path[0] == '.' && path[1] == '.'))
			return false;
		if (!path[len])
			return true;
		path += len + 1;
	}
}

/* "f 120 MTIME CTIME INODE HASH NAME" */
static int read_entry(char *line, struct manifest *m)
{
	struct tree *t = &m->tree;
	char *save = NULL, *word[7];
	struct tree_entry e = { 0 };

	for (int i = 0; i < 7; i++)
		if (!(word[i] = strtok_r(i ? NULL : line, " ", &save)))
			return -EBADMSG;
	e.type = word[0][0];
	if (!strchr("fdlo", e.type) || word[0][1] ||
	    read_number(word[1], UINT64_MAX, &e.size) < 0 ||
	    human_parse_int(word[2], INT64_MIN, INT64_MAX, &e.mtime_ns) < 0 ||
	    human_parse_int(word[3], INT64_MIN, INT64_MAX, &e.ctime_ns) < 0 ||
	    read_number(word[4], UINT64_MAX, &e.inode) < 0)
		return -EBADMSG;
	e.path = unescape_text(word[6]);
	if (!e.path || !is_tame_path(e.path)) {
		free(e.path);
		return -EBADMSG;
	}
	if ((t->count & (t->count - 1)) == 0) { /* room for 1, 2, 4, 8, ... */
		size_t room = t->count ? 2 * t->count : 1;

		t->entries = xrealloc(t->entries, room, sizeof(e));
		m->hashes = xrealloc(m->hashes, room, sizeof(char *));
	}
	m->hashes[t->count] = strcmp(word[5], "-") == 0 ? NULL : xstrdup(word[5]);
	t->entries[t->count++] = e;
	return 0;
}

/* Reads lines until "inputs" (head) or the end; text is cut up. 0 or -EBADMSG. */
static int read_lines(char *text, bool head_only, struct manifest *m)
{
	bool in_entries = false;
	char *next;

	for (char *line = text; line && *line; line = next) {
		char *blank;
		int r;

		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		if (strcmp(line, "inputs") == 0) {
			in_entries = true;
			if (head_only)
				return m->id ? 0 : -EBADMSG;
			continue;
		}
		if (in_entries && strncmp(line, "end ", 4) == 0)
			return m->id ? 0 : -EBADMSG;
		blank = strchr(line, ' ');
		if (in_entries)
			r = read_entry(line, m);
		else if (blank) {
			*blank = '\0';
			r = read_head_line(line, blank + 1, m);
		} else
			r = 0; /* the magic, or an empty list */
		if (r < 0)
			return r;
	}
	return -EBADMSG;
}

/* The last line must be the sum of all above; its hash becomes m->digest. */
static int check_sum(const char *text, size_t len, struct manifest *m)
{
	const size_t tail = strlen("sum ") + 64 + 1;
	const char *line;

	if (len <= tail)
		return -EBADMSG;
	line = text + len - tail;
	if (strncmp(line, "sum ", 4) != 0 || text[len - 1] != '\n')
		return -EBADMSG;
	digest_buffer(text, len - tail, m->digest);
	return strncmp(line + 4, m->digest, 64) == 0 ? 0 : -EBADMSG;
}

/* The first HEAD_BYTES nearly always hold the head; a very long list of software needs the whole
 * file. */
static int read_head_text(int dir_fd, char **ret_text)
{
	_cleanup_close_ int fd = safefs_open(dir_fd, SPOOL_MANIFEST, O_RDONLY, 0);
	_cleanup_free_ char *text = NULL;
	size_t len, have = 0;
	ssize_t n;

	if (fd < 0)
		return fd;
	text = xcalloc(1, HEAD_BYTES + 1);
	do {
		n = read(fd, text + have, HEAD_BYTES - have);
		if (n < 0 && errno != EINTR)
			return -errno;
		have += n > 0 ? (size_t)n : 0;
	} while (n != 0 && have < HEAD_BYTES);
	if (have == HEAD_BYTES && !strstr(text, "\ninputs\n"))
		return safefs_read(dir_fd, SPOOL_MANIFEST, MAX_BYTES, ret_text, &len, NULL);
	*ret_text = text;
	text = NULL;
	return 0;
}

int manifest_read(int dir_fd, bool head_only, struct manifest *ret)
{
	_cleanup_free_ char *text = NULL;
	struct manifest m = { 0 };
	size_t len = 0;
	int r;

	if (head_only)
		r = read_head_text(dir_fd, &text);
	else
		r = safefs_read(dir_fd, SPOOL_MANIFEST, MAX_BYTES, &text, &len, NULL);
	if (r < 0)
		return r;
	if (strncmp(text, MAGIC "\n", strlen(MAGIC) + 1) != 0)
		return -EBADMSG;
	if (!head_only)
		r = check_sum(text, len, &m);
	if (r == 0)
		r = read_lines(text, head_only, &m);
	if (r < 0) {
		manifest_free(&m);
		return r;
	}
	*ret = m;
	return 0;
}

/* -- comparing ---------------------------------------------------------------------------------- */

static int differs(struct complaint *c, const char *path, const char *how)
{
	_cleanup_free_ char *name = escape_text(path, ESCAPE_TEXT);

	return complain(c, name, 0, xstrdup(how),
			xstrdup("the inputs as they were when the job was admitted"),
			xstrdup("drop the folder again when all files are complete"));
}

/* Hash of a copied file or link against the manifest's. */
static int compare_content(const struct manifest *m, size_t i, int dir_fd, struct complaint *c)
{
	const struct tree_entry *e = &m->tree.entries[i];
	char hex[DIGEST_HEX_SIZE];
	uint64_t size;
	int r;

	if ((e->type != 'f' && e->type != 'l') || !m->hashes || !m->hashes[i])
		return 0;
	r = hash_entry(dir_fd, e, hex, &size);
	if (r < 0)
		return r;
	return strcmp(hex, m->hashes[i]) == 0 ? 0 : differs(c, e->path, "other contents");
}

static int compare_entry(const struct manifest *m, size_t i, int dir_fd,
			 const struct tree_entry *now, bool same_inodes, struct complaint *c)
{
	const struct tree_entry *was = &m->tree.entries[i];

	if (was->type != now->type || was->size != now->size)
		return differs(c, now->path, "another size or kind");
	if (!same_inodes)
		return compare_content(m, i, dir_fd, c);
	if (was->inode != now->inode)
		return differs(c, now->path, "another file under the same name");
	if (was->type != 'd' && (was->mtime_ns != now->mtime_ns || was->ctime_ns != now->ctime_ns))
		return differs(c, now->path, "a change after the job was admitted");
	return 0;
}

int manifest_compare(const struct manifest *m, int dir_fd, const struct tree *now, bool same_inodes,
		     struct complaint *c)
{
	size_t i = 0, j = 0;
	int r = 0;

	while (r == 0 && (i < m->tree.count || j < now->count)) {
		int order = i == m->tree.count ? 1
			    : j == now->count
				    ? -1
				    : strcmp(m->tree.entries[i].path, now->entries[j].path);

		if (order < 0)
			return differs(c, m->tree.entries[i].path, "a file that is gone");
		if (order > 0)
			return differs(c, now->entries[j].path, "a file that was added");
		r = compare_entry(m, i++, dir_fd, &now->entries[j++], same_inodes, c);
	}
	return r;
}

void manifest_give_tree(struct manifest *m, struct tree *ret)
{
	for (size_t i = 0; m->hashes && i < m->tree.count; i++)
		free(m->hashes[i]);
	free(m->hashes);
	m->hashes = NULL;
	*ret = m->tree;
	m->tree = (struct tree){ 0 };
}

void manifest_take_tree(struct manifest *m, struct tree *tree)
{
	struct tree old;

	manifest_give_tree(m, &old);
	tree_free(&old);
	m->tree = *tree;
	*tree = (struct tree){ 0 };
}

void manifest_free(struct manifest *m)
{
	manifest_take_tree(m, &(struct tree){ 0 });
	needs_free(&m->needs);
	free(m->name);
	free(m->user);
	free(m->group);
	free(m->box);
	free(m->nonce);
	*m = (struct manifest){ 0 };
}
