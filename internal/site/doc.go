// Package site reads what the site says about this host: the `stylet:` block of its user-data, and the
// keys of Kairos beside it.
//
// User-data is cloud-config, shared with Kairos: all other top-level keys (stages, install, users,
// hostname, ...) belong to it; they are merged, and nothing else is done with them. The block itself is
// read strictly: everything that is wrong with it is told at once, with file, line, column and what to
// write instead, and nothing of a file with a problem is used.
package site
