package podcount

// Source says how the pods of a count were listed. There is no other value than
// these.
type Source string

// The forms of a request for pods, the best first.
const (
	SourceTable          Source = "table"           // Table rows without objects
	SourceTableMetadata  Source = "table-metadata"  // Table rows, each with its pod's metadata
	SourceList           Source = "list"            // whole pods, selected by the server
	SourceListUnfiltered Source = "list-unfiltered" // whole pods, selected here
)
