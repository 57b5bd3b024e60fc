// Package chart tests the Helm chart in deploy/helm, with Helm's own program and
// with its packages.
//
// The chart's renderings for each file in its ci folder are kept in
// testdata/golden; testdata/invalid has values that must be refused, each with
// the words that the refusal must have. "make chart" writes the renderings anew,
// "make chart-check" runs the tests.
package chart
