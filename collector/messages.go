package collector

import (
	"github.com/go-kit/log"
	"github.com/go-kit/log/level"

	"github.com/kube-node-manager/pod_count_exporter/collector/podcount"
)

// message is a line of the log without its fields: a level and a constant text,
// which are also the labels of log_messages_total.
type message struct{ level, text string }

// The levels as labels; the lines themselves have the logger's own words.
const (
	levelDebug   = "debug"
	levelInfo    = "info"
	levelWarning = "warning"
	levelError   = "error"
)

func started() message   { return message{levelInfo, "Starting paginated pod count"} }
func processed() message { return message{levelDebug, "Processed page"} }
func completed() message { return message{levelInfo, "Completed paginated pod count"} }
func enriched() message  { return message{levelInfo, "Successfully enriched nodes with metrics"} }
func incomplete() message {
	return message{levelError, "Paginated pod count failed, the last complete snapshot stays"}
}
func incompleteAndNothing() message {
	return message{levelError, "Paginated pod count failed, there is no snapshot to show"}
}
func nodesForbidden() message {
	return message{levelWarning, "Listing nodes is forbidden, only nodes with pods are shown"}
}
func oddAllocatable() message {
	return message{levelWarning, "Allocatable pods of some nodes are not a number of pods and are left out"}
}
func otherSource() message {
	return message{levelInfo, "The server does not give the preferred form of list"}
}
func panics() message { return message{levelError, "Paginated pod count panicked"} }

// pageFailed has the reason in its text, so that the log and log_messages_total
// can be searched for it in words.
func pageFailed(reason podcount.Reason) message {
	texts := map[podcount.Reason]string{
		podcount.Timeout:      "Page failed: context deadline exceeded",
		podcount.Throttled:    "Page failed: throttled by the API server",
		podcount.Expired:      "Page failed: continue token expired",
		podcount.Unauthorized: "Page failed: unauthorized",
		podcount.Forbidden:    "Page failed: forbidden",
		podcount.Server:       "Page failed: server error",
		podcount.Network:      "Page failed: network error",
		podcount.Malformed:    "Page failed: malformed answer",
	}
	return message{levelWarning, texts[reason]}
}

// messages lists all there are.
func messages() []message {
	all := []message{started(), processed(), completed(), enriched(), incomplete(), incompleteAndNothing(), panics(), nodesForbidden(), oddAllocatable(), otherSource()}
	for _, reason := range podcount.Reasons() {
		all = append(all, pageFailed(reason))
	}
	return all
}

// at gives the logger for a message's level.
func (m message) at(logger log.Logger) log.Logger {
	switch m.level {
	case levelDebug:
		return level.Debug(logger)
	case levelWarning:
		return level.Warn(logger)
	case levelError:
		return level.Error(logger)
	default:
		return level.Info(logger)
	}
}
