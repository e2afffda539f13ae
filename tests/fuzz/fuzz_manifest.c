/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_manifest - any bytes as .spool-manifest, and the same with the first line and the checksum
 * that nobody guesses; what is read is written again and must read the same. Writes one file in a
 * folder of its own below $TMPDIR or /tmp, which it removes at the end.
 */
#include "complaint.h"
#include "manifest.h"
#include "rmtree.h"
#include "safefs.h"
#include "spool.h"
#include "xalloc.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *folder;
static int folder_fd;

static void leave(void)
{
	(void)rmtree(AT_FDCWD, folder);
	close(folder_fd);
	free(folder);
}

static void enter(void)
{
	const char *top = getenv("TMPDIR");

	folder = xasprintf("%s/spool-fuzz-XXXXXX", top && *top ? top : "/tmp");
	if (!mkdtemp(folder))
		abort();
	folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert(folder_fd >= 0);
	atexit(leave);
}

static void put(const char *text, size_t len)
{
	int fd = openat(folder_fd, SPOOL_MANIFEST, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int r = fd < 0 ? -errno : safefs_write_all(fd, text, len);

	assert(r == 0);
	close(fd);
}

/* Nothing that a reader of the manifest opens may be outside of the job's folder. */
static void check_paths(const struct tree *t)
{
	for (size_t i = 0; i < t->count; i++) {
		const char *path = t->entries[i].path;

		assert(*path && *path != '/' && strcmp(path, "..") != 0 &&
		       strncmp(path, "../", 3) != 0);
		assert(!strstr(path, "/../") && !strstr(path, "//") &&
		       path[strlen(path) - 1] != '/');
	}
}

static void check_again(struct manifest *m)
{
	char digest[DIGEST_HEX_SIZE], *text, *again;
	struct complaint c = { 0 };
	struct manifest back;
	size_t len, again_len;
	int r;

	text = manifest_write(m, &len);
	put(text, len);
	r = manifest_read(folder_fd, false, &back);
	assert(r == 0);
	assert(strcmp(m->digest, back.digest) == 0);
	snprintf(digest, sizeof(digest), "%s", back.digest);
	again = manifest_write(&back, &again_len);
	assert(again_len == len && memcmp(text, again, len) == 0 &&
	       strcmp(digest, back.digest) == 0);
	r = manifest_compare(m, folder_fd, &back.tree, true, &c);
	assert(r == 0 && !complaint_any(&c));
	free(text);
	free(again);
	manifest_free(&back);
}

static void check(const char *text, size_t len)
{
	struct manifest m, head;
	int whole, part;

	put(text, len);
	whole = manifest_read(folder_fd, false, &m);
	part = manifest_read(folder_fd, true, &head);
	assert(whole == 0 || whole == -EBADMSG);
	assert(part == 0 || part == -EBADMSG);
	assert(whole != 0 || part == 0);
	if (whole == 0) {
		assert(m.id == head.id && m.uid == head.uid && m.needs.cores == head.needs.cores);
		assert(m.needs.software.count == head.needs.software.count);
		check_paths(&m.tree);
		check_again(&m);
		manifest_free(&m);
	}
	if (part == 0)
		manifest_free(&head);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char hex[DIGEST_HEX_SIZE], *copy, *body, *text;

	if (!folder)
		enter();
	check((const char *)data, size);
	copy = xstrndup((const char *)data, size);
	body = xasprintf("spool-manifest 1\n%s\n", copy);
	digest_buffer(body, strlen(body), hex);
	text = xasprintf("%ssum %s\n", body, hex);
	check(text, strlen(text));
	free(copy);
	free(body);
	free(text);
	return 0;
}
