//go:build !race

package podcount

// share is the part of the long tests that runs: all.
const share = 1
