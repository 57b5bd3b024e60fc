//go:build race

package collector

// share is the part of the long tests that runs here. The race detector makes
// decoding megabytes many times slower, and a few cases are enough for it; all of
// them run without it.
const share = 8
