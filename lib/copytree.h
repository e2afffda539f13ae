/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * copytree - a fresh copy of a job's inputs: own inodes, same bytes.
 */
#ifndef SPOOL_COPYTREE_H
#define SPOOL_COPYTREE_H

struct tree;

/*
 * Copies the entries of inputs from the folder from_fd into the empty folder to_fd: files by
 * reflink where the file system can, else by copy_file_range, never by hard links; modes and
 * modification times are kept; links are made anew. Files and folders are synced. 0; negative errno
 * (-ENOENT: an input is gone; -EINVAL: it, or a folder above it, is no longer of its kind).
 */
int copytree_inputs(int from_fd, int to_fd, const struct tree *inputs);

#endif
