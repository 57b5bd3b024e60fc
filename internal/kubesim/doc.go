// Package kubesim simulates the part of the Kubernetes API that lists and
// watches pods and nodes, for clusters of any size and with faults on demand.
//
// A cluster is a pure function of its Config: every row is made on the fly
// from the seed and the row's index, so a million pods need no memory. What
// happens afterwards (pods created, bound, finished, deleted) lies over that
// base as versions, one per change, so that a walk over pages sees one
// resourceVersion from its first page to its last, as with a real server.
//
// A Server starts no goroutines of its own and reads time only through the
// time package and request contexts, so it works inside testing/synctest.
package kubesim
