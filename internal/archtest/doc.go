// Package archtest holds what the compiler cannot: which package may import
// which, what the agent's binary may contain and weigh, and that the thin front
// ends (Earthfile) still match the Makefile. It is a test and nothing imports it.
package archtest
