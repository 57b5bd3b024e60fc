package podcount

// positions are the resourceVersions up to which streams have told of pods that were
// bound or left, by role.key. A stream that begins again before one of them sees the same
// events, and does not tell of them again.
type positions map[string]string

// told returns that of all streams, which have ended. A start that was suspended goes on
// from where they began.
func (l *live) told() positions {
	l.mu.Lock()
	defer l.mu.Unlock()
	until := make(positions, len(l.streams))
	for _, s := range l.streams {
		if position := s.toldUntil(); position != "" {
			until[s.role.key(s.listing)] = position
		}
	}
	return until
}

// toldUntil returns that of one stream. live.mu must be held.
func (s *stream) toldUntil() string {
	if newer(s.position, s.told) {
		return s.position
	}
	return s.told
}
