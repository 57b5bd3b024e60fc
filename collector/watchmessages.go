package collector

func following() message {
	return message{levelInfo, "Following the pods by watch"}
}
func streamClosed() message {
	return message{levelDebug, "The API server closed a watch, it is opened again"}
}
func streamFailed() message {
	return message{levelWarning, "A watch failed, it is opened again"}
}
func reopened() message {
	return message{levelInfo, "The watch is open again"}
}
func watchRestarted() message {
	return message{levelWarning, "The pods are listed again to be watched"}
}
func notWatched() message {
	return message{levelWarning, "The cluster cannot be watched, its pods are listed until it can be"}
}
func auditPassed() message {
	return message{levelInfo, "Audit: the watch and a paged count agree"}
}
func auditDiffers() message {
	return message{levelError, "Audit: the watch and a paged count differ, the pods are listed again"}
}
func nodeDiffers() message {
	return message{levelError, "Audit: difference on a node"}
}
func unscheduledDiffers() message {
	return message{levelError, "Audit: difference of pods without a node"}
}
func auditFailed() message {
	return message{levelWarning, "Audit: there is nothing to compare, it is repeated sooner"}
}

// watchMessages lists all of this file.
func watchMessages() []message {
	return []message{
		following(), streamClosed(), streamFailed(), reopened(), watchRestarted(), notWatched(),
		auditPassed(), auditDiffers(), nodeDiffers(), unscheduledDiffers(), auditFailed(),
	}
}
