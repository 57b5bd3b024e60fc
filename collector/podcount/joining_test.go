package podcount

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestNodesThatJoin has a cluster grow by a node each second for a minute. Each is there at
// once, and five seconds later with the pods that it can hold; all nodes are listed every
// five seconds at most, and not at all once the cluster has stopped growing.
func TestNodesThatJoin(t *testing.T) {
	const grows = time.Minute
	synctest.Test(t, func(t *testing.T) {
		api, watcher := interceptedCluster(t, nil)
		var mu sync.Mutex
		var listed []time.Time
		api.answerBy(func(r *http.Request) (*http.Response, error) {
			if mu.Lock(); lists(r, "nodes") {
				listed = append(listed, time.Now())
			}
			mu.Unlock()
			return nil, nil
		})
		w, stop := following(t, api.troubled, watcher)
		defer stop()
		time.Sleep(10 * time.Second)
		before := len(w.state().Nodes)
		for i := range int(grows / time.Second) {
			api.do(func() { api.set(true, fmt.Sprintf("n%d", 100+i), &fakePod{}) })
			time.Sleep(time.Second)
			if got, want := len(w.state().Nodes), before+i+1; got != want {
				t.Fatalf("%d nodes are shown, want %d", got, want)
			}
		}
		time.Sleep(newNodeWait)
		for _, node := range w.state().Nodes {
			if !node.HasAllocatable {
				t.Errorf("it is not known how many pods %s can hold", node.Name)
			}
		}
		time.Sleep(30 * time.Second) // before the first audit
		mu.Lock()
		defer mu.Unlock()
		for i, at := range listed[1:] {
			if since := at.Sub(listed[i]); since < newNodeWait {
				t.Errorf("the nodes are listed again after %s", since)
			}
		}
		if most := int(grows/newNodeWait) + 2; len(listed) > most {
			t.Errorf("the nodes were listed %d times, want %d at most", len(listed), most)
		}
	})
}
