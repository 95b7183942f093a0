// Package v1alpha1 holds the words that stylet's parts, its users and the hub share: what a site
// says about a host (Site), what a profile asks for (Profile), what a host is or should be
// (Revision, ImageManifest), and what a host tells about itself (HostStatus).
//
// It imports nothing else of stylet.
package v1alpha1
