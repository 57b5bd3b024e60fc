//go:build !unix

package main

// shellJobs is none: there is no job control here.
func shellJobs() jobControl { return jobControl{} }
