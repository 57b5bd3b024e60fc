package cluster

import (
	"context"
	"os"
	"sync/atomic"

	"golang.org/x/sync/semaphore"
)

// readRoom is how much of the files that are read together is in memory at once, in
// however many directories they are.
const readRoom = readAtOnce * maxFile

// room gives files their part of readRoom, from before they are read until they have been
// handed over. Files that have all of it and hang end the limit, so that they hold up no
// others.
type room struct {
	left    *semaphore.Weighted
	limited context.Context
	end     context.CancelFunc
	waiting atomic.Int64
}

func newRoom() *room {
	m := &room{left: semaphore.NewWeighted(readRoom)}
	m.limited, m.end = context.WithCancel(context.Background())
	return m
}

// enter waits for room for what is at a path, and returns how much has to be given back.
func (m *room) enter(path string) int64 {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxFile {
		return 0 // it is not read into memory
	}
	m.waiting.Add(1)
	defer m.waiting.Add(-1)
	if m.left.Acquire(m.limited, info.Size()) != nil {
		return 0
	}
	return info.Size()
}

func (m *room) leave(size int64) { m.left.Release(size) }

// lift ends the limit, and says whether files have waited for it.
func (m *room) lift() bool {
	defer m.end()
	return m.waiting.Load() > 0
}
