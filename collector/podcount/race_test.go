//go:build race

package podcount

// share is the part of the long tests that runs here, as in package collector.
const share = 100
