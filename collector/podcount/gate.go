package podcount

import "context"

// Gate gives out the places in which answers are read: from their headers, or the
// first bytes after them, to their end. Connecting and waiting for an answer take
// none, so a dead server has none to hold.
type Gate interface {
	// Enter waits for a place, or ends with the context's error. begun says that
	// the count has pages already: the sooner it ends, the less likely it is that
	// its continue token expires.
	Enter(ctx context.Context, begun bool) error
	// Leave gives the place back, and says whether the page failed.
	Leave(failed bool)
}
