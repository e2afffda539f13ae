/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * medium - is the mount of a share one that a spool can be trusted to?
 *
 * The rules are in medium_rules; here a mount gets its class, the rules that hold for it are asked,
 * and their answers are made sentences.
 *
 * Reads the kernel's list of mounts, changes nothing.
 */
#include "medium_rules.h"

#include "cleanup.h"
#include "escape.h"
#include "safefs.h"
#include "xalloc.h"

#include <string.h>

/* -- what kind of file system -------------------------------------------------------------------- */

static const struct {
	enum medium_class class;
	const char *types; /* between blanks */
} classes[] = {
	{ MEDIUM_LOCAL,
	  " ext2 ext3 ext4 xfs btrfs zfs f2fs jfs bcachefs nilfs2 reiserfs overlay " },
	{ MEDIUM_MEMORY, " tmpfs ramfs " },
	{ MEDIUM_NFS, " nfs nfs4 " },
	{ MEDIUM_SMB, " cifs smb3 smbfs " },
	{ MEDIUM_CLUSTER, " ceph fuse.ceph fuse.ceph-fuse lustre gpfs glusterfs fuse.glusterfs 9p "
			  "afs coda beegfs beegfs_nodev ocfs2 gfs2 orangefs virtiofs fuse.mfs "
			  "fuse.moosefs fuse.juicefs vboxsf prl_fs vmhgfs fuse.vmhgfs-fuse " },
	{ MEDIUM_COPIES, " fuse.sshfs fuse.rclone fuse.davfs davfs fuse.davfs2 fuse.s3fs "
			 "fuse.gcsfuse fuse.goofys fuse.mountpoint-s3 fuse.blobfuse "
			 "fuse.blobfuse2 fuse.curlftpfs fuse.gvfsd-fuse fuse.onedriver " },
};

static enum medium_class class_of(const struct mount *m)
{
	_cleanup_free_ char *type = xasprintf(" %s ", m->type);

	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		if (strstr(classes[i].types, type))
			return classes[i].class;
	/* davfs2 calls itself "fuse"; its source is an address of the web. */
	if (strncmp(m->type, "fuse", 4) == 0 && strstr(m->source, "://"))
		return MEDIUM_COPIES;
	return MEDIUM_UNKNOWN;
}

/* -- judging ------------------------------------------------------------------------------------- */

static void add(struct medium *md, const struct medium_rule *rule, enum medium_level level,
		char *found)
{
	md->items = xrealloc(md->items, md->count + 1, sizeof(*md->items));
	md->items[md->count++] = (struct medium_finding){
		.topic = rule->topic,
		.level = level,
		.who = rule->who,
		.final = rule->final,
		.found = found,
		.remedy = level == MEDIUM_FINE ? NULL : rule->remedy,
	};
}

static bool has_topic(const struct medium *md, const char *topic)
{
	for (size_t i = 0; i < md->count; i++)
		if (strcmp(md->items[i].topic, topic) == 0)
			return true;
	return false;
}

static void apply(struct medium *md, const struct medium_rule *rule)
{
	_cleanup_free_ char *what = rule->finds(&md->mount);

	if (what)
		add(md, rule, rule->level, xasprintf("%s: %s", what, rule->found));
	else if (rule->fine && !has_topic(md, rule->topic))
		add(md, rule, MEDIUM_FINE, xstrdup(rule->fine));
}

void medium_judge(struct mount *m, struct medium *ret)
{
	const struct medium_rule *rules;
	size_t count;

	*ret = (struct medium){ .mount = *m, .class = class_of(m) };
	*m = (struct mount){ 0 };
	rules = medium_rules_list(&count);
	for (size_t i = 0; i < count; i++)
		if (rules[i].classes & ret->class)
			apply(ret, &rules[i]);
}

/* The kernel tells nothing: all that is known is the kind, and no option can be judged. */
static void judge_unknown(int fd, struct medium *ret)
{
	static const struct medium_rule untold = {
		.topic = "mount.options",
		.who = MEDIUM_ALL,
		.remedy = "run \"spoolctl doctor\" outside of the container",
	};
	static const enum medium_class by_kind[] = { MEDIUM_LOCAL, MEDIUM_NFS, MEDIUM_SMB,
						     MEDIUM_UNKNOWN };
	enum safefs_kind kind = safefs_kind(fd);
	const struct medium_rule *rules;
	size_t count;

	*ret = (struct medium){
		.mount = { 0, xstrdup("?"), xstrdup("?"), xstrdup("?"), xstrdup(""), xstrdup("") },
		.class = by_kind[kind],
	};
	add(ret, &untold, MEDIUM_ADVICE,
	    xasprintf("a %s, but the options of its mount are not told here",
		      safefs_kind_name(kind)));
	rules = medium_rules_list(&count);
	for (size_t i = 0; i < count; i++)
		if (rules[i].classes & ret->class && rules[i].final &&
		    rules[i].finds == medium_rules_any)
			add(ret, &rules[i], rules[i].level,
			    xasprintf("%s: %s", safefs_kind_name(kind), rules[i].found));
}

void medium_look(int fd, struct medium *ret)
{
	struct mount m;

	if (mount_of(fd, &m) == 0)
		medium_judge(&m, ret);
	else
		judge_unknown(fd, ret);
}

/* Leaves out what speaks of writing and of coordinating: neither is done there. */
static void drop_final(struct medium *md)
{
	size_t kept = 0;

	for (size_t i = 0; i < md->count; i++)
		if (md->items[i].final)
			free(md->items[i].found);
		else
			md->items[kept++] = md->items[i];
	md->count = kept;
}

size_t medium_look_share(int root_fd, int spool_fd, struct medium ret[MEDIUM_PARTS])
{
	_cleanup_close_ int apps_fd = safefs_open_dir(root_fd, "apps");
	bool root_too = !mount_is_same(root_fd, spool_fd);
	size_t n = 0;

	medium_look(spool_fd, &ret[n]);
	ret[n++].part = root_too ? "spool" : NULL;
	if (root_too) {
		medium_look(root_fd, &ret[n]);
		drop_final(&ret[n]);
		ret[n++].part = ".";
	}
	if (apps_fd >= 0 && !mount_is_same(apps_fd, spool_fd) && !mount_is_same(apps_fd, root_fd)) {
		medium_look(apps_fd, &ret[n]);
		drop_final(&ret[n]);
		ret[n++].part = "apps";
	}
	return n;
}

void medium_free(struct medium *md)
{
	for (size_t i = 0; i < md->count; i++)
		free(md->items[i].found);
	free(md->items);
	mount_free(&md->mount);
	*md = (struct medium){ .items = NULL };
}

bool medium_is_remote(const struct medium *md)
{
	return md->class & MEDIUM_RULES_REMOTE;
}

bool medium_is_local(const struct medium *md)
{
	return md->class & (MEDIUM_LOCAL | MEDIUM_MEMORY);
}

/* The findings of this level, with their remedies; final: only those that no option overrides. */
static char *tell(const struct medium *md, enum medium_level level, enum medium_role who,
		  bool final)
{
	char *text = NULL;

	for (size_t i = 0; i < md->count; i++) {
		const struct medium_finding *f = &md->items[i];
		char *longer;

		if (f->level != level || !(f->who & who) || (final && !f->final))
			continue;
		longer = xasprintf("%s%s%s; %s", text ? text : "", text ? ". And " : "", f->found,
				   f->remedy);
		free(text);
		text = longer;
	}
	return text;
}

char *medium_objection(const struct medium *md, enum medium_role who, bool allowed)
{
	return tell(md, MEDIUM_UNSAFE, who, allowed);
}

char *medium_advice(const struct medium *md, enum medium_role who)
{
	return tell(md, MEDIUM_ADVICE, who, false);
}

char *medium_path(const struct medium *md, const char *share)
{
	bool whole = !md->part || strcmp(md->part, ".") == 0;

	return whole ? xstrdup(share) : xasprintf("%s/%s", share, md->part);
}

char *medium_options(const struct medium *md)
{
	static const char *const words[] = { "ro",	     "rw",	  "noexec",    "nosuid",
					     "nodev",	     "hard",	  "soft",      "softerr",
					     "softreval",    "nocto",	  "noac",      "nolock",
					     "nounix",	     "unix",	  "posix",     "nolease",
					     "nostrictsync", "noperm",	  "multiuser", "cifsacl",
					     "modefromsid",  "idsfromsid" };
	static const char *const keys[] = { "vers",	 "proto",      "sec",	     "cache",
					    "acregmin",	 "acregmax",   "acdirmin",   "acdirmax",
					    "actimeo",	 "closetimeo", "local_lock", "lookupcache",
					    "file_mode", "dir_mode" };
	char *text = xstrdup("");

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		_cleanup_free_ char *value = mount_value(&md->mount, keys[i]), *old = text;
		_cleanup_free_ char *shown = value ? escape_text(value, ESCAPE_TEXT) : NULL;

		text = shown ? xasprintf("%s%s%s=%s", old, *old ? ", " : "", keys[i], shown)
			     : xstrdup(old);
	}
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		_cleanup_free_ char *old = text;
		/* Of a file system that can be written a mount may be for reading only. */
		bool told = mount_has(&md->mount, words[i]) &&
			    !(strcmp(words[i], "rw") == 0 && mount_has(&md->mount, "ro"));

		text = told ? xasprintf("%s%s%s", old, *old ? ", " : "", words[i]) : xstrdup(old);
	}
	return text;
}
