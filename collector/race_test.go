//go:build race

package collector

// share is the part of the long tests that runs here. The race detector makes
// decoding megabytes many times slower, and finds what it finds in few cases;
// all of them run without it.
const share = 8
