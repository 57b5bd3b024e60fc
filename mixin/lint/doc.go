// Package lint checks the mixin's generated dashboards: what an operator would
// stumble over, and what would break in silence when a metric is renamed.
package lint
