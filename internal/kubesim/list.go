package kubesim

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// requestTimeout is how long the real server works on a request that is not a watch
// (kube-apiserver --request-timeout).
const requestTimeout = time.Minute

// chunk is the number of keys that are read while the cluster is locked.
const chunk = 512

// listMeta is a list's metadata.
type listMeta struct {
	version   int64
	token     string
	remaining int // 0: left out
}

// serveList answers a list request: one page, or everything without a limit.
func serveList[T any](s *Server, res *apiResource[T], q query, enc codec[T], w http.ResponseWriter, r *http.Request) {
	limit := requestTimeout
	if q.timeout > 0 && q.timeout < limit {
		limit = q.timeout
	}
	ctx, cancel := context.WithTimeout(r.Context(), limit)
	defer cancel()
	if q.version == "0" && q.token == "" {
		q.limit = 0 // the watch cache answers, which does not page
	}
	version, start, status := s.resolve(q)
	if status != nil {
		writeStatus(w, status)
		return
	}
	if err := wait(ctx, s.latency(res.remaining(s, q.prefix, start, version), q.limit)); err != nil {
		if errors.Is(err, context.DeadlineExceeded) {
			// The real server's timeout filter sets no content type either.
			w.WriteHeader(http.StatusGatewayTimeout)
			_ = json.NewEncoder(w).Encode(timedOut())
		}
		return
	}
	meta, rows := page(s, res, q, version, start)
	writeList(ctx, enc, meta, rows, w, r)
}

// resolve returns the resourceVersion and the key that a list starts at.
func (s *Server) resolve(q query) (version int64, start string, status *apiStatus) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if q.token != "" {
		token, refused := decodeToken(q.token)
		start = q.prefix + token.Start
		switch {
		case refused != "":
			return 0, "", badRequest("invalid continue token: %s", refused)
		case token.Version == anyVersion:
			return s.walkVersion(), start, nil
		case token.Version > s.version:
			return 0, "", tooLarge(token.Version, s.version)
		case s.expired(token.Version):
			return 0, "", expired(textInconsistent, encodeToken(anyVersion, token.Start, 0))
		}
		return token.Version, start, nil
	}
	asked, _ := strconv.ParseInt(q.version, 10, 64) // checked by parseQuery
	exact := q.match == "Exact" || q.match == "" && q.limit > 0 && asked > 0
	switch {
	case asked > s.version:
		return 0, "", tooLarge(asked, s.version)
	case exact && s.expired(asked):
		return 0, "", expired(textListTooOld, "")
	case exact:
		return asked, q.prefix, nil
	}
	return s.walkVersion(), q.prefix, nil
}

// walkVersion returns the newest resourceVersion for a new walk, and notes
// when it began if tokens are to expire by age.
func (s *Server) walkVersion() int64 {
	if s.cfg.TokenLife == 0 {
		return s.version
	}
	now := time.Now()
	for version, began := range s.issued {
		if now.Sub(began) >= s.cfg.TokenLife {
			delete(s.issued, version)
		}
	}
	s.version++
	s.issued[s.version] = now
	return s.version
}

// expired reports whether a resourceVersion can no longer be read.
func (s *Server) expired(version int64) bool {
	if version < s.compacted {
		return true
	}
	if s.cfg.TokenLife == 0 {
		return false
	}
	began, ok := s.issued[version]
	return !ok || time.Since(began) >= s.cfg.TokenLife
}

// latency returns the simulated time of a page, given the keys left.
func (s *Server) latency(remaining, limit int) time.Duration {
	if s.cfg.Latency == nil {
		return 0
	}
	rows := remaining
	if limit > 0 {
		rows = min(rows, limit)
	}
	return s.cfg.Latency(rows, remaining)
}

// wait sleeps for d, or until the context ends.
func wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// remaining counts the keys of a prefix from start on.
func (res *apiResource[T]) remaining(s *Server, prefix, start string, version int64) int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return res.history.count(start, prefixEnd(prefix), version)
}

// prefixEnd returns the first key after all those with the prefix.
func prefixEnd(prefix string) string {
	if prefix == "" {
		return ""
	}
	return strings.TrimSuffix(prefix, "/") + "0" // "0" follows "/" in ASCII
}

// page reads up to a limit of rows ahead: the list's metadata comes first and says
// whether more follow. Without a limit, rows are read as they are written.
func page[T any](s *Server, res *apiResource[T], q query, version int64, start string) (listMeta, iter.Seq[item[T]]) {
	meta := listMeta{version: version}
	keys := res.walk(s, q.prefix, start, version)
	if q.limit == 0 {
		return meta, func(yield func(item[T]) bool) {
			for it := range keys {
				if selects(&q, res, &it.value) && !yield(it) {
					return
				}
			}
		}
	}
	rows := make([]item[T], 0, min(q.limit, chunk))
	for it := range keys {
		if len(rows) == q.limit {
			last := rows[len(rows)-1].key + "\x00"
			meta.token = encodeToken(version, strings.TrimPrefix(last, q.prefix), 0)
			if q.selectsAll() {
				meta.remaining = res.remaining(s, q.prefix, last, version)
			}
			break
		}
		if selects(&q, res, &it.value) {
			rows = append(rows, it)
		}
	}
	return meta, func(yield func(item[T]) bool) {
		for _, it := range rows {
			if !yield(it) {
				return
			}
		}
	}
}

// walk yields the items of a prefix from start on at a resourceVersion. The
// cluster is locked only while a chunk is read, never while one is written.
func (res *apiResource[T]) walk(s *Server, prefix, start string, version int64) iter.Seq[item[T]] {
	return func(yield func(item[T]) bool) {
		buffer := make([]item[T], 0, chunk)
		for {
			s.mu.RLock()
			buffer = res.history.read(buffer[:0], start, version, chunk)
			s.mu.RUnlock()
			for _, it := range buffer {
				if !strings.HasPrefix(it.key, prefix) || !yield(it) {
					return
				}
			}
			if len(buffer) < chunk {
				return
			}
			start = buffer[len(buffer)-1].key + "\x00"
		}
	}
}
