// Package content brings the parts of a profile to a host: from an OCI registry into a store of
// blobs that are named by their digest. A blob is in the store whole and verified, or not at
// all; what an interruption left of a download is taken up at the byte where it ended, after a
// killed process and after a reboot too.
//
// The road of a blob: Client.Resolve gives the profile that a reference names,
// Client.LayerSource where a layer's bytes come from, Store.Ensure fetches them. Push is the
// other direction, from a profile's source form into a registry.
package content
