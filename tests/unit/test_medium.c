/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_medium - the rules about mounts, each with a mount that it must catch and one that it must
 * not. The lines are those that Linux 6.1 shows. Touches nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "medium.h"
#include "xalloc.h"

#define NFS "rw,vers=4.2,rsize=262144,wsize=262144,namlen=255"
#define NFS_END \
	",proto=tcp,timeo=600,retrans=2,sec=sys,clientaddr=10.0.0.2,local_lock=none,addr=10.0.0.1"
#define SMB "rw,vers=3.1.1"
#define SMB_MID \
	",username=spool,uid=0,forceuid,gid=0,forcegid,addr=10.0.0.1,file_mode=0755,dir_mode=0755"
#define SMB_END ",serverino,mapposix,rsize=4194304,wsize=4194304,bsize=1048576,echo_interval=60"
#define SAFE "rw,nosuid,nodev,relatime"

static const char good_nfs[] = NFS ",hard" NFS_END;
static const char good_smb[] = SMB ",cache=strict" SMB_MID ",hard,nounix" SMB_END
				   ",actimeo=1,closetimeo=0";

static struct medium judged(const char *type, const char *options, const char *super)
{
	struct mount m = { 1,
			   xstrdup(type),
			   xstrdup("srv:/share"),
			   xstrdup("/mnt/share"),
			   xstrdup(options),
			   xstrdup(super) };
	struct medium md;

	medium_judge(&m, &md);
	assert_null(m.type); /* it has been moved */
	return md;
}

/* The first finding of the topic; NULL if there is none. */
static const struct medium_finding *find(const struct medium *md, const char *topic)
{
	for (size_t i = 0; i < md->count; i++)
		if (strcmp(md->items[i].topic, topic) == 0)
			return &md->items[i];
	return NULL;
}

static size_t count(const struct medium *md, enum medium_level level, unsigned who)
{
	size_t n = 0;

	for (size_t i = 0; i < md->count; i++)
		n += md->items[i].level == level && md->items[i].who & who;
	return n;
}

/* -- what is in order ---------------------------------------------------------------------------- */

static void the_mounts_of_the_manual_are_fine(void **state)
{
	static const struct {
		const char *type, *super;
		enum medium_class class;
	} cases[] = {
		{ "nfs4", good_nfs, MEDIUM_NFS },
		{ "nfs4", "rw,vers=4.1,hard,proto=tcp6,local_lock=none", MEDIUM_NFS },
		{ "nfs", "rw,vers=3,acregmax=60,hard,proto=rdma,mountvers=3", MEDIUM_NFS },
		{ "cifs", good_smb, MEDIUM_SMB },
		{ "smb3", SMB ",cache=strict,nolease,hard,nounix,actimeo=1,closetimeo=1",
		  MEDIUM_SMB },
		{ "ext4", "rw,errors=remount-ro", MEDIUM_LOCAL },
		{ "xfs", "rw,attr2", MEDIUM_LOCAL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct medium md = judged(cases[i].type, SAFE, cases[i].super);

		assert_int_equal(md.class, cases[i].class);
		assert_int_equal(count(&md, MEDIUM_UNSAFE, MEDIUM_RUNNER), 0);
		assert_int_equal(count(&md, MEDIUM_ADVICE, MEDIUM_RUNNER), 0);
		assert_null(medium_objection(&md, MEDIUM_RUNNER, false));
		assert_null(medium_advice(&md, MEDIUM_RUNNER));
		assert_true(count(&md, MEDIUM_FINE, MEDIUM_ALL) > 1);
		medium_free(&md);
	}
}

static void every_finding_says_what_to_do_unless_it_is_fine(void **state)
{
	struct medium md = judged("cifs", "ro,noexec",
				  "ro,vers=1.0,cache=loose,soft,unix,nostrictsync,actimeo=30,"
				  "closetimeo=5,file_mode=0644");

	(void)state;
	for (size_t i = 0; i < md.count; i++) {
		const struct medium_finding *f = &md.items[i];

		assert_true((f->level == MEDIUM_FINE) == (f->remedy == NULL));
		assert_true(strncmp(f->topic, "mount.", 6) == 0);
		assert_int_not_equal(f->found[strlen(f->found) - 1], '.');
	}
	medium_free(&md);
}

/* -- each rule ----------------------------------------------------------------------------------- */

/* What each line must find; the same topic is fine, or not mentioned, with the good mount. */
static const struct {
	const char *type, *options, *super;
	const char *topic;
	enum medium_level level;
	unsigned who;
	const char *says;
} cases[] = {
	/* every kind */
	{ "ext4", "ro,relatime", "rw", "mount.write", MEDIUM_UNSAFE, MEDIUM_ALL, "ro: " },
	{ "nfs4", SAFE, "ro,vers=4.2,hard", "mount.write", MEDIUM_UNSAFE, MEDIUM_ALL, "ro: " },
	{ "ext4", "rw,noexec", "rw", "mount.exec", MEDIUM_UNSAFE, MEDIUM_RUNNER, "noexec: " },
	{ "tmpfs", "rw", "rw", "mount.type", MEDIUM_ADVICE, MEDIUM_ALL, "tmpfs: " },
	{ "lustre", SAFE, "rw", "mount.type", MEDIUM_ADVICE, MEDIUM_ALL, "lustre: a network" },
	{ "ceph", SAFE, "rw", "mount.type", MEDIUM_ADVICE, MEDIUM_ALL, "ceph: a network" },
	{ "9p", SAFE, "rw", "mount.type", MEDIUM_ADVICE, MEDIUM_ALL, "9p: a network" },
	{ "fuse.glusterfs", SAFE, "rw", "mount.type", MEDIUM_ADVICE, MEDIUM_ALL, "a network" },
	{ "fuse.sshfs", SAFE, "rw", "mount.type", MEDIUM_UNSAFE, MEDIUM_ALL, "fuse.sshfs: shows" },
	{ "fuse.rclone", SAFE, "rw", "mount.type", MEDIUM_UNSAFE, MEDIUM_ALL, "copies" },
	{ "fuse.own", SAFE, "rw", "mount.type", MEDIUM_ADVICE, MEDIUM_ALL, "fuse.own: a file" },
	{ "vfat", SAFE, "rw", "mount.type", MEDIUM_ADVICE, MEDIUM_ALL, "vfat: a file" },
	/* NFS */
	{ "nfs4", SAFE, NFS ",soft" NFS_END, "mount.soft", MEDIUM_UNSAFE, MEDIUM_ALL, "soft: " },
	{ "nfs4", SAFE, NFS ",softerr" NFS_END, "mount.soft", MEDIUM_UNSAFE, MEDIUM_ALL,
	  "softerr: " },
	{ "nfs4", SAFE, NFS ",hard,nocto" NFS_END, "mount.cto", MEDIUM_UNSAFE, MEDIUM_ALL,
	  "nocto: " },
	{ "nfs4", SAFE, NFS ",hard,softreval" NFS_END, "mount.cto", MEDIUM_UNSAFE, MEDIUM_ALL,
	  "softreval: " },
	{ "nfs4", SAFE, NFS ",acregmin=600,hard" NFS_END, "mount.attributes", MEDIUM_ADVICE,
	  MEDIUM_ALL, "acregmin=600: " },
	{ "nfs4", SAFE, NFS ",acregmax=61,hard" NFS_END, "mount.attributes", MEDIUM_ADVICE,
	  MEDIUM_ALL, "acregmax=61: " },
	{ "nfs4", SAFE, NFS ",acdirmin=99,hard" NFS_END, "mount.attributes", MEDIUM_ADVICE,
	  MEDIUM_ALL, "acdirmin=99: " },
	{ "nfs4", SAFE, NFS ",acdirmax=3600,hard" NFS_END, "mount.attributes", MEDIUM_ADVICE,
	  MEDIUM_ALL, "acdirmax=3600: " },
	{ "nfs", SAFE, "rw,vers=3,hard,proto=udp", "mount.proto", MEDIUM_ADVICE, MEDIUM_ALL,
	  "proto=udp: " },
	{ "nfs4", SAFE, "rw,vers=4.0,hard", "mount.version", MEDIUM_ADVICE, MEDIUM_ALL,
	  "vers=4.0: " },
	{ "nfs", SAFE, "rw,vers=2,hard", "mount.version", MEDIUM_ADVICE, MEDIUM_ALL, "vers=2: " },
	{ "nfs", SAFE, "rw,hard", "mount.version", MEDIUM_ADVICE, MEDIUM_ALL, "version unknown: " },
	{ "nfs", SAFE, "rw,vers=3,hard,nolock", "mount.locks", MEDIUM_FINE, MEDIUM_ALL,
	  "nolock: " },
	{ "nfs4", SAFE, "rw,vers=4.2,hard,local_lock=all", "mount.locks", MEDIUM_FINE, MEDIUM_ALL,
	  "local_lock=all: " },
	{ "nfs4", SAFE, good_nfs, "mount.coordinator", MEDIUM_FINE, MEDIUM_COORDINATOR,
	  "by scanning" },
	{ "nfs4", "rw,relatime", good_nfs, "mount.setuid", MEDIUM_ADVICE, MEDIUM_ALL,
	  "without nosuid and nodev: " },
	{ "nfs4", "rw,nosuid", good_nfs, "mount.setuid", MEDIUM_ADVICE, MEDIUM_ALL,
	  "without nodev: " },
	{ "cifs", "rw,nodev", good_smb, "mount.setuid", MEDIUM_ADVICE, MEDIUM_ALL,
	  "without nosuid: " },
	/* SMB */
	{ "cifs", SAFE, good_smb, "mount.coordinator", MEDIUM_UNSAFE, MEDIUM_COORDINATOR,
	  "old heartbeats for ever" },
	{ "cifs", SAFE, SMB ",cache=strict,soft,nounix", "mount.soft", MEDIUM_ADVICE, MEDIUM_ALL,
	  "soft: " },
	{ "cifs", SAFE, SMB ",cache=loose,hard", "mount.cache", MEDIUM_UNSAFE, MEDIUM_ALL,
	  "cache=loose: " },
	{ "cifs", SAFE, SMB ",cache=singleclient,hard", "mount.cache", MEDIUM_UNSAFE, MEDIUM_ALL,
	  "cache=singleclient: " },
	{ "cifs", SAFE, SMB ",cache=ro,hard", "mount.cache", MEDIUM_UNSAFE, MEDIUM_ALL,
	  "cache=ro: " },
	{ "cifs", SAFE, SMB ",cache=none,hard", "mount.cache", MEDIUM_ADVICE, MEDIUM_ALL,
	  "cache=none: " },
	{ "cifs", SAFE, SMB ",cache=strict,hard,closetimeo=1", "mount.close", MEDIUM_ADVICE,
	  MEDIUM_ALL, "closetimeo=1: " },
	{ "cifs", SAFE, SMB ",cache=strict,hard", "mount.close", MEDIUM_ADVICE, MEDIUM_ALL,
	  "closetimeo untold: " },
	{ "cifs", SAFE, SMB ",cache=strict,hard,noperm,dir_mode=0755", "mount.access",
	  MEDIUM_UNSAFE, MEDIUM_ALL, "noperm: everybody on this host" },
	{ "cifs", SAFE, SMB ",cache=strict,hard,dir_mode=0777", "mount.access", MEDIUM_UNSAFE,
	  MEDIUM_ALL, "dir_mode=0777: " },
	{ "cifs", SAFE, SMB ",cache=strict,hard,dir_mode=0777,noperm,multiuser", "mount.access",
	  MEDIUM_FINE, MEDIUM_ALL, "not everybody" },
	{ "cifs", SAFE, SMB ",cache=strict,hard,dir_mode=0777,modefromsid", "mount.access",
	  MEDIUM_FINE, MEDIUM_ALL, "not everybody" },
	{ "cifs", SAFE, SMB ",cache=strict,hard,dir_mode=0777,cifsacl", "mount.access", MEDIUM_FINE,
	  MEDIUM_ALL, "not everybody" },
	{ "cifs", SAFE, SMB ",cache=strict,hard,dir_mode=0775", "mount.access", MEDIUM_FINE,
	  MEDIUM_ALL, "not everybody" },
	{ "cifs", SAFE, SMB ",cache=strict,hard,actimeo=30", "mount.attributes", MEDIUM_ADVICE,
	  MEDIUM_ALL, "actimeo=30: " },
	{ "cifs", SAFE, SMB ",cache=strict,hard,acdirmax=60,acregmax=1", "mount.attributes",
	  MEDIUM_ADVICE, MEDIUM_ALL, "acdirmax=60: " },
	{ "cifs", SAFE, SMB ",cache=strict,hard,acdirmax=1,acregmax=60", "mount.attributes",
	  MEDIUM_ADVICE, MEDIUM_ALL, "acregmax=60: " },
	{ "cifs", SAFE, SMB ",cache=strict,file_mode=0644,hard", "mount.programs", MEDIUM_ADVICE,
	  MEDIUM_RUNNER, "file_mode=0644: " },
	{ "cifs", SAFE, "rw,vers=1.0,cache=strict,hard,nounix", "mount.version", MEDIUM_ADVICE,
	  MEDIUM_ALL, "vers=1.0: " },
	{ "cifs", SAFE, SMB ",cache=strict,hard,unix", "mount.version", MEDIUM_ADVICE, MEDIUM_ALL,
	  "unix: " },
	{ "cifs", SAFE, SMB ",cache=strict,hard,posix", "mount.version", MEDIUM_ADVICE, MEDIUM_ALL,
	  "posix: " },
	{ "cifs", SAFE, SMB ",cache=strict,hard,nostrictsync", "mount.sync", MEDIUM_UNSAFE,
	  MEDIUM_ALL, "nostrictsync: " },
};

static void each_rule_finds_what_it_is_for(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct medium md = judged(cases[i].type, cases[i].options, cases[i].super);
		const struct medium_finding *f = find(&md, cases[i].topic);

		if (!f || f->level != cases[i].level || f->who != cases[i].who ||
		    !strstr(f->found, cases[i].says))
			fail_msg("case %zu, %s %s: %s, found \"%s\"", i, cases[i].type,
				 cases[i].super, cases[i].topic, f ? f->found : "nothing");
		medium_free(&md);
	}
}

/* With a mount as it should be the same topics are fine: no rule of another level is left. */
static void what_is_in_order_is_called_fine(void **state)
{
	static const struct {
		const char *type, *topic, *says;
	} good[] = {
		{ "nfs4", "mount.type", "NFS" },	  { "nfs4", "mount.write", "rw: " },
		{ "nfs4", "mount.exec", "exec: " },	  { "nfs4", "mount.soft", "hard: " },
		{ "nfs4", "mount.cto", "cto: " },	  { "nfs4", "mount.attributes", "minute" },
		{ "nfs4", "mount.version", "measured" },  { "nfs4", "mount.setuid", "nosuid, " },
		{ "cifs", "mount.type", "SMB" },	  { "cifs", "mount.soft", "hard: " },
		{ "cifs", "mount.cache", "strict" },	  { "cifs", "mount.close", "at once" },
		{ "cifs", "mount.attributes", "second" }, { "cifs", "mount.sync", "reaches" },
		{ "cifs", "mount.version", "without" },	  { "cifs", "mount.programs", "x bit" },
		{ "ext4", "mount.type", "this host" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct medium md = judged(good[i].type, SAFE,
					  strcmp(good[i].type, "cifs") == 0 ? good_smb : good_nfs);
		const struct medium_finding *f = find(&md, good[i].topic);

		if (!f || f->level != MEDIUM_FINE || !strstr(f->found, good[i].says))
			fail_msg("%s %s: \"%s\"", good[i].type, good[i].topic,
				 f ? f->found : "nothing");
		medium_free(&md);
	}
}

static void a_web_folder_is_known_by_its_source(void **state)
{
	struct mount m = { 1,
			   xstrdup("fuse"),
			   xstrdup("https://cloud.example.org/dav"),
			   xstrdup("/mnt"),
			   xstrdup(SAFE),
			   xstrdup("rw") };
	struct medium md;

	(void)state;
	medium_judge(&m, &md);
	assert_int_equal(md.class, MEDIUM_COPIES);
	medium_free(&md);
}

/* -- what the daemons make of it ----------------------------------------------------------------- */

static void objections_name_cause_and_remedy(void **state)
{
	struct medium md = judged("nfs4", "rw,noexec,nosuid,nodev", NFS ",soft,nocto" NFS_END);
	char *text = medium_objection(&md, MEDIUM_RUNNER, false);

	(void)state;
	assert_non_null(strstr(text, "soft: "));
	assert_non_null(strstr(text, "; mount it with hard"));
	assert_non_null(strstr(text, ". And nocto: "));
	assert_non_null(strstr(text, "noexec: "));
	free(text);
	text = medium_objection(&md, MEDIUM_COORDINATOR, false);
	assert_non_null(strstr(text, "soft: "));
	assert_null(strstr(text, "noexec")); /* it starts no programs there */
	free(text);
	assert_null(medium_objection(&md, MEDIUM_RUNNER, true));
	assert_null(medium_objection(&md, MEDIUM_COORDINATOR, true));
	medium_free(&md);
}

static void a_coordinator_on_smb_is_refused_whatever_is_allowed(void **state)
{
	struct medium md = judged("cifs", SAFE, good_smb);
	char *text = medium_objection(&md, MEDIUM_COORDINATOR, true);

	(void)state;
	assert_non_null(strstr(text, "run spoold on the file server itself, or on an NFS mount"));
	free(text);
	assert_null(medium_objection(&md, MEDIUM_RUNNER, false));
	assert_true(medium_is_remote(&md));
	medium_free(&md);
}

static void what_cannot_be_written_is_refused_whatever_is_allowed(void **state)
{
	struct medium md = judged("ext4", "ro,nosuid,nodev", "rw");
	char *text = medium_objection(&md, MEDIUM_RUNNER, true);

	(void)state;
	assert_non_null(strstr(text, "ro: "));
	free(text);
	text = medium_options(&md);
	assert_string_equal(text, "ro, nosuid, nodev"); /* not "rw" of the file system behind it */
	free(text);
	medium_free(&md);
}

static void advice_is_for_those_whom_it_concerns(void **state)
{
	struct medium md = judged("cifs", SAFE,
				  SMB ",cache=strict,file_mode=0644,hard,nounix,actimeo=1,"
				      "closetimeo=0");
	char *text;

	(void)state;
	text = medium_advice(&md, MEDIUM_RUNNER);
	assert_non_null(strstr(text, "file_mode=0644: "));
	assert_non_null(strstr(text, "; mount it with file_mode=0755"));
	free(text);
	assert_null(medium_advice(&md, MEDIUM_COORDINATOR));
	medium_free(&md);
}

static void the_options_that_matter_are_shown(void **state)
{
	struct medium md = judged("nfs4", SAFE, NFS ",hard,nocto" NFS_END);
	char *text = medium_options(&md);

	(void)state;
	assert_string_equal(text, "vers=4.2, proto=tcp, sec=sys, local_lock=none, rw, nosuid, "
				  "nodev, hard, nocto");
	free(text);
	medium_free(&md);
}

static void what_is_unknown_is_taken_for_no_disk_of_this_host(void **state)
{
	static const struct {
		const char *type;
		bool local, remote;
	} types[] = {
		{ "ext4", true, false },   { "tmpfs", true, false },
		{ "nfs4", false, true },   { "cifs", false, true },
		{ "vboxsf", false, true }, { "vmhgfs", false, true },
		{ "prl_fs", false, true }, { "virtiofs", false, true },
		{ "vfat", false, false },  { "fuse.own", false, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		struct medium md = judged(types[i].type, SAFE, "rw");

		assert_int_equal(medium_is_local(&md), types[i].local);
		assert_int_equal(medium_is_remote(&md), types[i].remote);
		medium_free(&md);
	}
}

static void a_share_in_one_mount_is_looked_at_once(void **state)
{
	struct medium media[MEDIUM_PARTS];
	int root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char *path;

	(void)state;
	assert_int_equal(medium_look_share(proc, proc, media), 1);
	assert_null(media[0].part);
	medium_free(&media[0]);
	assert_int_equal(medium_look_share(root, proc, media), 2);
	assert_string_equal(media[0].mount.type, "proc");
	path = medium_path(&media[0], "/srv/share");
	assert_string_equal(path, "/srv/share/spool");
	free(path);
	path = medium_path(&media[1], "/srv/share");
	assert_string_equal(path, "/srv/share");
	free(path);
	assert_null(find(&media[1], "mount.write")); /* nothing is written there */
	assert_non_null(find(&media[0], "mount.write"));
	medium_free(&media[0]);
	medium_free(&media[1]);
	close(root);
	close(proc);
}

static void a_real_folder_is_looked_at(void **state)
{
	int fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct medium md;

	(void)state;
	medium_look(fd, &md);
	assert_string_equal(md.mount.type, "proc");
	assert_int_equal(md.class, MEDIUM_UNKNOWN);
	medium_free(&md);
	close(fd);
	medium_look(fd, &md); /* nothing can be told: said so, and it does not fail */
	assert_string_equal(md.mount.type, "?");
	assert_int_equal(find(&md, "mount.options")->level, MEDIUM_ADVICE);
	medium_free(&md);
	assert_null(md.items);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_mounts_of_the_manual_are_fine),
		cmocka_unit_test(every_finding_says_what_to_do_unless_it_is_fine),
		cmocka_unit_test(each_rule_finds_what_it_is_for),
		cmocka_unit_test(what_is_in_order_is_called_fine),
		cmocka_unit_test(a_web_folder_is_known_by_its_source),
		cmocka_unit_test(objections_name_cause_and_remedy),
		cmocka_unit_test(a_coordinator_on_smb_is_refused_whatever_is_allowed),
		cmocka_unit_test(what_cannot_be_written_is_refused_whatever_is_allowed),
		cmocka_unit_test(advice_is_for_those_whom_it_concerns),
		cmocka_unit_test(the_options_that_matter_are_shown),
		cmocka_unit_test(what_is_unknown_is_taken_for_no_disk_of_this_host),
		cmocka_unit_test(a_share_in_one_mount_is_looked_at_once),
		cmocka_unit_test(a_real_folder_is_looked_at),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
