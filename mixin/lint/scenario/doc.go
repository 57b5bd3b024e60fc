// Package scenario writes promtool tests of the mixin's rules. Each scenario
// plays exporters, API servers and scrapes through some hours, at one scrape
// interval and one cache TTL, and says exactly which alerts fire at which time.
package scenario
