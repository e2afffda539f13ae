/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tree - one look at a dropped folder.
 *
 * Dropped trees are hostile: folders are opened beneath the job's folder without following links,
 * depth and number of entries are bounded, and the walk is a loop over a list of folders still to
 * be read. Only names and attributes are read here.
 */
#include "tree.h"

#include "cleanup.h"
#include "complaint.h"
#include "digest.h"
#include "escape.h"
#include "safefs.h"
#include "spool.h"
#include "worker.h"
#include "xalloc.h"

#include <fcntl.h>
#include <string.h>

struct walk {
	int top_fd;
	struct tree *tree;
	size_t room;	 /* entries allocated */
	size_t names;	 /* bytes of all paths so far */
	size_t next_dir; /* index of the next entry that may be a folder to read */
	struct complaint *complaint;
	bool part;  /* what is closed or out of bounds is passed over */
	bool fresh; /* attributes from the server, not from this client's cache */
};

static char type_of(mode_t mode)
{
	if (S_ISREG(mode))
		return 'f';
	if (S_ISDIR(mode))
		return 'd';
	return S_ISLNK(mode) ? 'l' : 'o';
}

/* Years before 1678 and after 2262 are all the same: they do not fit. */
static int64_t nanoseconds(struct timespec ts)
{
	int64_t ns;

	if (__builtin_mul_overflow((int64_t)ts.tv_sec, 1000000000, &ns) ||
	    __builtin_add_overflow(ns, ts.tv_nsec, &ns))
		ns = ts.tv_sec < 0 ? -INT64_MAX : INT64_MAX;
	return ns;
}

static void add_entry(struct walk *w, char *path, const struct stat *st)
{
	struct tree_entry *e;

	if (w->tree->count == w->room) {
		w->room = w->room ? 2 * w->room : 16;
		w->tree->entries = xrealloc(w->tree->entries, w->room, sizeof(*w->tree->entries));
	}
	e = &w->tree->entries[w->tree->count++];
	*e = (struct tree_entry){
		.path = path,
		.type = type_of(st->st_mode),
		.mode = st->st_mode & 07777,
		.uid = st->st_uid,
		.gid = st->st_gid,
		.links = (unsigned)st->st_nlink,
		.size = S_ISDIR(st->st_mode) ? 0 : (uint64_t)st->st_size,
		.mtime_ns = nanoseconds(st->st_mtim),
		.ctime_ns = nanoseconds(st->st_ctim),
		.inode = st->st_ino,
	};
	w->tree->bytes += e->size;
}

static unsigned depth_of(const char *path)
{
	unsigned depth = 1;

	for (; *path; path++)
		depth += *path == '/';
	return depth;
}

static int attributes(const struct walk *w, int fd, const char *name, struct stat *st)
{
	if (w->fresh)
		return safefs_stat(fd, name, st);
	return fstatat(fd, name, st, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

/* One name of the folder at prefix ("" for the top), open as fd. */
static int look_at(struct walk *w, int fd, const char *prefix, const char *name)
{
	_cleanup_free_ char *path = NULL;
	struct stat st;
	int r;

	if (!*prefix && strcmp(name, SPOOL_READY) == 0)
		w->tree->ready = true;
	if (spool_is_litter(name) || (!*prefix && spool_is_ours(name)))
		return 0;
	if (worker_is_ending())
		return -ECANCELED;
	r = attributes(w, fd, name, &st);
	if (r == -ENOENT) /* gone since it was listed */
		return 0;
	if (r < 0)
		return r;
	path = *prefix ? xasprintf("%s/%s", prefix, name) : xstrdup(name);
	if (spool_is_partial(name))
		w->tree->partial = true;
	if (depth_of(path) > TREE_MAX_DEPTH)
		return complain(w->complaint, "the folder", 0,
				xasprintf("folders nested more than %d deep", TREE_MAX_DEPTH),
				xasprintf("at most %d levels of folders", TREE_MAX_DEPTH),
				xstrdup("pack the deep part into an archive (tar, zip) and let the "
					"job unpack it"));
	if (w->tree->count == TREE_MAX_ENTRIES)
		return complain(w->complaint, "the folder", 0,
				xasprintf("more than %d files and folders", TREE_MAX_ENTRIES),
				xasprintf("at most %d files and folders in one job",
					  TREE_MAX_ENTRIES),
				xstrdup("pack them into an archive (tar, zip), or split the work "
					"into several jobs"));
	if (strlen(path) > TREE_MAX_PATH || (w->names += strlen(path)) > TREE_MAX_NAMES)
		return complain(
			w->complaint, "the folder", 0,
			xstrdup("names of files and folders that are too long"),
			xasprintf("at most %d bytes from the folder to a file, and %lu MB for all "
				  "names",
				  TREE_MAX_PATH, TREE_MAX_NAMES >> 20),
			xstrdup("shorten the names, or pack the files into an archive (tar, zip)"));
	add_entry(w, path, &st);
	path = NULL;
	return 0;
}

static int read_folder(struct walk *w, const char *prefix)
{
	_cleanup_closedir_ DIR *dir = NULL;
	struct dirent *entry;
	int fd, r;

	/* The top is open already; opened once more it would be asked for anew, which costs a round
	 * trip. */
	if (*prefix || w->fresh)
		fd = safefs_open(w->top_fd, *prefix ? prefix : ".", O_RDONLY | O_DIRECTORY, 0);
	else
		fd = fcntl(w->top_fd, F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		return *prefix || w->fresh ? fd : -errno;
	dir = fdopendir(fd);
	if (!dir) {
		r = -errno;
		close(fd);
		return r;
	}
	rewinddir(dir);
	while (errno = 0, (entry = readdir(dir))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		r = look_at(w, fd, prefix, entry->d_name);
		if (r != 0)
			return r;
	}
	return -errno;
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct tree_entry *)a)->path, ((const struct tree_entry *)b)->path);
}

/* Reads a folder; in part, what cannot be had of it is no error. */
static int visit(struct walk *w, const char *prefix)
{
	int r = read_folder(w, prefix);

	return w->part && (r == COMPLAINT || r == -EACCES) ? 0 : r;
}

/* Into w->tree, which is empty; after an error it is empty again. */
static int walk_all(struct walk *w)
{
	struct tree *t = w->tree;
	struct stat st;
	int r;

	if (fstat(w->top_fd, &st) < 0)
		return -errno;
	t->uid = st.st_uid;
	r = visit(w, "");
	for (; r == 0 && w->next_dir < t->count && !(w->part && t->count == TREE_MAX_ENTRIES);
	     w->next_dir++)
		if (t->entries[w->next_dir].type == 'd') {
			/* The list may move while it grows: keep a copy of the name. */
			_cleanup_free_ char *prefix = xstrdup(t->entries[w->next_dir].path);

			r = visit(w, prefix);
		}
	if (r != 0)
		tree_free(t);
	else if (t->count > 1)
		qsort(t->entries, t->count, sizeof(*t->entries), by_path);
	return r;
}

static int look(int dir_fd, bool fresh, struct tree *ret, struct complaint *c)
{
	struct tree tree = { 0 };
	struct walk w = { .top_fd = dir_fd, .tree = &tree, .complaint = c, .fresh = fresh };
	int r = walk_all(&w);

	if (r == 0)
		*ret = tree;
	return r;
}

int tree_look(int dir_fd, struct tree *ret, struct complaint *c)
{
	return look(dir_fd, false, ret, c);
}

int tree_look_fresh(int dir_fd, struct tree *ret, struct complaint *c)
{
	return look(dir_fd, true, ret, c);
}

int tree_look_part(int dir_fd, struct tree *ret)
{
	struct complaint c = { 0 };
	struct tree tree = { 0 };
	struct walk w = {
		.top_fd = dir_fd, .tree = &tree, .complaint = &c, .part = true, .fresh = true
	};
	int r = walk_all(&w);

	complaint_free(&c);
	if (r == 0)
		*ret = tree;
	return r;
}

/* A link may point to something beside or below it: relative, ".." only at its start and not above
 * the top. With ".." behind a name the text alone could not tell, because that name may be a link
 * itself. */
static bool link_stays_inside(const char *link_path, const char *target)
{
	unsigned up = 0;
	const char *at = target;

	if (*target == '/')
		return false;
	while (strncmp(at, "../", 3) == 0 || strcmp(at, "..") == 0) {
		up++;
		at += at[2] ? 3 : 2;
	}
	if (up > depth_of(link_path) - 1)
		return false;
	return !strstr(at, "/../") && !(strlen(at) >= 3 && strcmp(at + strlen(at) - 3, "/..") == 0);
}

static int check_link(int dir_fd, const struct tree_entry *e, const char *name, struct complaint *c)
{
	char target[4096];
	ssize_t len = readlinkat(dir_fd, e->path, target, sizeof(target) - 1);

	if (len < 0)
		return -errno;
	target[len] = '\0';
	if (link_stays_inside(e->path, target))
		return 0;
	_cleanup_free_ char *shown = escape_text(target, ESCAPE_TEXT);
	return complain(
		c, name, 0,
		xasprintf("a symbolic link to \"%s\", which leads out of the folder", shown),
		xstrdup("files and folders of the job itself, or links that stay inside it"),
		xstrdup("copy the file that the link points to into the folder (cp -L, rsync -L)"));
}

static int check_entry(int dir_fd, const struct tree_entry *e, struct complaint *c)
{
	_cleanup_free_ char *name = escape_text(e->path, ESCAPE_TEXT);

	if (e->type == 'l')
		return check_link(dir_fd, e, name, c);
	if (e->type == 'o')
		return complain(c, name, 0, xstrdup("a device, fifo or socket"),
				xstrdup("ordinary files and folders"),
				xstrdup("remove it from the folder and drop the folder again"));
	if (e->type == 'f' && e->links > 1)
		return complain(c, name, 0,
				xasprintf("a file with %u names (hard links)", e->links),
				xstrdup("files that belong to this job alone"),
				xstrdup("copy the file instead of linking it (cp without -l)"));
	if (e->type == 'f' && (e->mode & (S_ISUID | S_ISGID)))
		return complain(c, name, 0, xstrdup("a program with the setuid or setgid bit"),
				xstrdup("programs that run with the job's own rights"),
				xasprintf("chmod ug-s \"%s\" and drop the folder again", name));
	return 0;
}

int tree_check(int dir_fd, const struct tree *t, struct complaint *c)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < t->count; i++)
		r = check_entry(dir_fd, &t->entries[i], c);
	return r;
}

const struct tree_entry *tree_closed(int dir_fd, const struct tree *t)
{
	for (size_t i = 0; i < t->count; i++) {
		const struct tree_entry *e = &t->entries[i];
		int wanted = e->type == 'd' ? R_OK | X_OK : R_OK;

		if ((e->type == 'd' || e->type == 'f') &&
		    faccessat(dir_fd, e->path, wanted, AT_EACCESS) < 0 && errno == EACCES)
			return e;
	}
	return NULL;
}

int tree_file_writers(int dir_fd, const char *path)
{
	_cleanup_close_ int fd = safefs_open(dir_fd, path, O_RDONLY, 0);

	if (fd == -EAGAIN) /* a lease for writing; the kernel asks for it back */
		return SAFEFS_WRITER;
	if (fd < 0)
		return fd == -ENOENT || safefs_is_passing(fd) ? fd : SAFEFS_WRITER_UNKNOWN;
	return (int)safefs_writers(fd);
}

int tree_writers(int dir_fd, const struct tree *t)
{
	int all = SAFEFS_NO_WRITER;

	for (size_t i = 0; i < t->count; i++) {
		int one = t->entries[i].type == 'f' ? tree_file_writers(dir_fd, t->entries[i].path)
						    : SAFEFS_NO_WRITER;

		if (one < 0 || one == SAFEFS_WRITER)
			return one;
		if (one == SAFEFS_WRITER_UNKNOWN)
			all = one;
	}
	return all;
}

static void fingerprint(const struct tree *t, bool lasting, char *hex)
{
	struct digest *d = digest_new();

	for (size_t i = 0; i < t->count; i++) {
		const struct tree_entry *e = &t->entries[i];
		const int64_t numbers[] = {
			e->type,
			(int64_t)e->size,
			e->type == 'd' ? 0 : e->mtime_ns,
			e->type == 'd' || lasting ? 0 : e->ctime_ns,
			(int64_t)e->inode,
		};

		digest_add_string(d, e->path);
		digest_add(d, numbers, sizeof(numbers));
	}
	digest_finish(d, hex);
}

void tree_fingerprint(const struct tree *t, char *hex)
{
	fingerprint(t, false, hex);
}

void tree_fingerprint_lasting(const struct tree *t, char *hex)
{
	fingerprint(t, true, hex);
}

void tree_free(struct tree *t)
{
	for (size_t i = 0; i < t->count; i++)
		free(t->entries[i].path);
	free(t->entries);
	*t = (struct tree){ 0 };
}
