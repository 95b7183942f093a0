// Package lifecycle is the engine of stylet: one loop that recovers, observes, asks, compares,
// acts and reports. What should be comes from a Source, what is from an Observer; Diff is their
// difference as a Plan, a short list of named, idempotent actions; the Journal makes intent
// durable before effect; a Trial proves a new revision with Gates before it is committed.
//
//	          +---------------------------------------------------------+
//	          v                                                         |
//	recover -> observe -> ask -> compare (Diff) -> act (one step) -> report
//	   |                              |                 |
//	Journal                      no difference:     Action.Done? / Do
//	finish or undo               no step            intent first, in the Journal
//
// The package knows no capability; the actions that adapt them live in lifecycle/actions.
package lifecycle
