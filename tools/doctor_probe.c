/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * doctor_probe - small trials on the share: room, renames from folder to folder, the server's
 * clock.
 *
 * Makes a file and a folder named .tmp-doctor-<nonce> in requests/ for a moment, as far as the
 * caller may write there; nobody takes such a name for a request or a drop. A doctor that is killed
 * meanwhile leaves one of them, which the coordinator removes after a day.
 */
#include "doctor.h"

#include "cleanup.h"
#include "clock.h"
#include "digest.h"
#include "escape.h"
#include "human.h"
#include "xalloc.h"

#include <fcntl.h>
#include <string.h>
#include <sys/statvfs.h>

#define MIB (1024ULL * 1024)
#define ROOM_NEEDED (32 * MIB) /* below it, records cannot be written soon */
#define ROOM_WANTED (1024 * MIB)
#define FILES_NEEDED 1000
#define FILES_WANTED 20000
#define CLOCK_MOST_MS 2000

static char *probe_name(void)
{
	char nonce[9];

	digest_nonce(nonce, 8);
	return xasprintf(SPOOL_TMP "doctor-%s", nonce);
}

static bool is_refused(int r)
{
	return r == -EACCES || r == -EPERM || r == -EROFS;
}

/* -- room ---------------------------------------------------------------------------------------- */

static void judge_bytes(struct doctor *d, const struct statvfs *st)
{
	static const char remedy[] =
		"make room: \"spoolctl rm\" removes finished jobs with their results";
	uint64_t bytes = (uint64_t)st->f_bavail * st->f_frsize;
	char room[HUMAN_SIZE];

	human_size(bytes, room);
	if (bytes < ROOM_NEEDED)
		doctor_note(d, DOCTOR_UNSAFE, "space.bytes", remedy,
			    "%s are free on the share: soon nothing can be claimed or filed", room);
	else if (bytes < ROOM_WANTED)
		doctor_note(d, DOCTOR_ADVICE, "space.bytes", remedy, "%s are free on the share",
			    room);
	else
		doctor_note(d, DOCTOR_FINE, "space.bytes", NULL, "%s are free on the share", room);
}

static void judge_files(struct doctor *d, const struct statvfs *st)
{
	static const char remedy[] = "remove finished jobs with many files: \"spoolctl rm\"";
	unsigned long long files = st->f_favail;

	if (!st->f_files) /* no fixed number (btrfs), or not told (SMB) */
		return;
	if (files < FILES_NEEDED)
		doctor_note(d, DOCTOR_UNSAFE, "space.files", remedy,
			    "hardly any more files can be made on the share (%llu inodes free)",
			    files);
	else if (files < FILES_WANTED)
		doctor_note(d, DOCTOR_ADVICE, "space.files", remedy,
			    "%llu more files can be made on the share (inodes)", files);
	else
		doctor_note(d, DOCTOR_FINE, "space.files", NULL,
			    "%llu more files can be made on the share", files);
}

void doctor_space(struct doctor *d)
{
	struct statvfs st;

	if (fstatvfs(d->fd, &st) < 0) {
		doctor_note(d, DOCTOR_UNTRIED, "space.bytes", NULL,
			    "the room on the share is not told: %s", strerror(errno));
		return;
	}
	judge_bytes(d, &st);
	judge_files(d, &st);
}

/* -- renames ------------------------------------------------------------------------------------- */

struct search {
	struct doctor *d;
	const char *place; /* whose folders are looked at */
	char *names;	   /* heap, or NULL */
};

/* Adds the folder, below spool/, if it is not in the mount of spool/. */
static void look_elsewhere(struct search *s, const char *path)
{
	_cleanup_close_ int fd = safefs_open_dir(s->d->fd, path);
	_cleanup_free_ char *shown = NULL, *old = NULL;

	if (fd < 0 || mount_is_same(fd, s->d->fd))
		return;
	shown = escape_text(path, ESCAPE_TEXT);
	old = s->names;
	s->names = xasprintf("%s%s%s/", old ? old : "", old ? ", " : "", shown);
}

/* A box or the inbox of a runner. */
static int look_below(const char *name, unsigned char type, void *arg)
{
	struct search *s = arg;
	_cleanup_free_ char *path = xasprintf("%s/%s", s->place, name);
	bool inbox = strcmp(s->place, spool_place_name(SPOOL_CLAIMS)) == 0;

	(void)type;
	if (inbox ? spool_is_runner_name(name) : *name == '@')
		look_elsewhere(s, path);
	return 0;
}

/* A mount inside of spool/ is told even where this account may not try a rename. */
static void look_for_mounts(struct doctor *d)
{
	static const enum spool_place parents[] = { SPOOL_INCOMING, SPOOL_CLAIMS };
	struct search s = { .d = d };

	for (int place = 0; place < SPOOL_PLACES; place++)
		look_elsewhere(&s, spool_place_name((enum spool_place)place));
	for (size_t i = 0; i < sizeof(parents) / sizeof(parents[0]); i++) {
		s.place = spool_place_name(parents[i]);
		safefs_list(d->fd, s.place, look_below, &s);
	}
	if (s.names)
		doctor_note(
			d, DOCTOR_UNSAFE, "rename.places",
			"keep all of spool/ in one file system and one mount",
			"not in the mount of the rest of spool/: %s; jobs cannot be moved there "
			"by a rename",
			s.names);
	else
		doctor_note(d, DOCTOR_FINE, "rename.places", NULL,
			    "all folders of spool/ are in one file system");
	free(s.names);
}

/* Nothing is renamed between them, but an export of the one shows others an empty folder. */
static void look_at_parts(struct doctor *d)
{
	for (size_t i = 1; i < d->parts; i++)
		doctor_note(d, DOCTOR_ADVICE, "mount.whole",
			    "let the share be one file system, exported and mounted as a whole",
			    "%s/ is in another mount than %s: other hosts may see it empty, and "
			    "what is told of one mount need not hold for the other",
			    strcmp(d->media[i].part, ".") == 0 ? "spool" : d->media[i].part,
			    strcmp(d->media[i].part, ".") == 0 ? "the top of the share" : "spool/");
}

/* Takes the file that was made back, from wherever it is now. */
static void remove_probe(struct doctor *d, int from, int to, const char *name)
{
	if ((unlinkat(to, name, 0) < 0 && errno != ENOENT) ||
	    (unlinkat(from, name, 0) < 0 && errno != ENOENT))
		doctor_note(d, DOCTOR_ADVICE, "rename.probe", "remove it by hand",
			    "%s, made for a trial, cannot be removed: %s", name, strerror(errno));
}

static void judge_rename(struct doctor *d, int r)
{
	if (r == 0)
		doctor_note(d, DOCTOR_FINE, "rename.probe", NULL,
			    "a file was renamed from requests/ to incoming/, and is seen there");
	else if (is_refused(r))
		doctor_note(d, DOCTOR_UNTRIED, "rename.probe", "run it as the account of spoold",
			    "this account may not write into incoming/");
	else
		doctor_note(d, DOCTOR_UNSAFE, "rename.probe",
			    r == -EXDEV
				    ? "keep all of spool/ in one file system and one mount"
				    : "a share needs a file system with whole renames: ext4, xfs, "
				      "NFS, SMB",
			    "a file could not be renamed from requests/ to incoming/: %s",
			    r == SAFEFS_LOST ? "it vanished" : strerror(-r));
}

static void try_rename(struct doctor *d, int from, int to)
{
	_cleanup_free_ char *name = probe_name();
	int r = safefs_create(from, name, "", 0, 0600, NULL);

	if (r == -EROFS)
		doctor_note(d, DOCTOR_UNTRIED, "rename.probe", NULL,
			    "nothing can be written here (%s); see mount.write", strerror(-r));
	else if (is_refused(r))
		doctor_note(d, DOCTOR_UNTRIED, "rename.probe", "run it as the account of spoold",
			    "this account may not write into requests/ (%s)", strerror(-r));
	else if (r < 0)
		doctor_note(d, DOCTOR_UNSAFE, "rename.probe",
			    "see what the server and the disk of the share say",
			    "no file can be made in requests/: %s", strerror(-r));
	if (r < 0)
		return;
	r = safefs_rename(from, name, to, name);
	remove_probe(d, from, to, name);
	judge_rename(d, r);
}

void doctor_rename(struct doctor *d)
{
	_cleanup_close_ int from = safefs_open_dir(d->fd, spool_place_name(SPOOL_REQUESTS));
	_cleanup_close_ int to = safefs_open_dir(d->fd, spool_place_name(SPOOL_INCOMING));

	look_for_mounts(d);
	look_at_parts(d);
	if (from >= 0 && to >= 0)
		try_rename(d, from, to);
	else
		doctor_note(d, DOCTOR_UNTRIED, "rename.probe", "run it as the account of spoold",
			    "this account may not look into %s/",
			    from < 0 ? "requests" : "incoming");
}

/* -- the clock ----------------------------------------------------------------------------------- */

/* How far the server is ahead (negative: behind), beyond what the trial itself took. */
static int64_t difference(int64_t server, int64_t before, int64_t after)
{
	return server < before ? server - before : server > after ? server - after : 0;
}

static void judge_clock(struct doctor *d, int64_t ms)
{
	if (ms > CLOCK_MOST_MS || ms < -CLOCK_MOST_MS)
		doctor_note(d, DOCTOR_ADVICE, "clock",
			    "let both follow the same time server (chrony, systemd-timesyncd)",
			    "the file server's clock is %.1f s %s: spool compares no clocks, but "
			    "make(1) and people do",
			    (double)(ms < 0 ? -ms : ms) / 1000, ms < 0 ? "behind" : "ahead");
	else
		doctor_note(d, DOCTOR_FINE, "clock", NULL,
			    "the file server's clock agrees with this host's");
}

/* A new folder bears the time of the server, with NFS and with SMB. */
static void try_clock(struct doctor *d, int dir)
{
	_cleanup_free_ char *name = probe_name();
	int64_t before = clock_wall_ms(), after;
	struct stat st;
	int r = mkdirat(dir, name, 0700) < 0 ? -errno : 0;

	after = clock_wall_ms();
	if (r == 0 && fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		r = -errno;
	unlinkat(dir, name, AT_REMOVEDIR);
	if (r < 0)
		doctor_note(d, DOCTOR_UNTRIED, "clock",
			    r == -EROFS ? NULL : "run it as the account of spoold",
			    "no folder could be made in requests/ to see the server's time: %s",
			    strerror(-r));
	else
		judge_clock(d, difference((int64_t)st.st_mtim.tv_sec * 1000 +
						  st.st_mtim.tv_nsec / 1000000,
					  before, after));
}

void doctor_clock(struct doctor *d)
{
	_cleanup_close_ int dir = -1;

	if (medium_is_local(&d->media[0])) {
		doctor_note(d, DOCTOR_FINE, "clock", NULL,
			    "the disk of the share has the clock of this host");
		return;
	}
	dir = safefs_open_dir(d->fd, spool_place_name(SPOOL_REQUESTS));
	if (dir >= 0)
		try_clock(d, dir);
	else
		doctor_note(d, DOCTOR_UNTRIED, "clock", "run it as the account of spoold",
			    "this account may not look into requests/");
}
