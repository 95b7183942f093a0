// Package diagnose walks the way from this host to what it needs, hop by hop: link, address, route,
// name servers, proxy, TLS, clock, registry, ranges. It says which hop fails, what was measured there,
// and what to do.
//
// Run does it. Settings are plain data; nothing of the host is changed and nothing is stored. Each hop is
// one function in a file of its own that gives a Finding, and has a limit in time of its own. A hop behind
// one that failed is not tried, and names it.
package diagnose
