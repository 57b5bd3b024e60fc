// Package docs tests the documents: that links lead somewhere, that README's
// commands work, that what is named exists, and that both languages say the same.
package docs
