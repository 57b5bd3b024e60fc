package cluster

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// maxShards is far above what any number of clusters needs: each name is hashed once
// per shard.
const maxShards = 1000

// Shard is the share of the clusters that one of several replicas counts.
type Shard struct {
	Index int // from 0
	Count int // replicas; 1 is all clusters
}

// ParseShard reads "i/n", or "auto/n" with the ordinal at the end of podName: in
// a StatefulSet, the name of a pod ends with one
// (https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#ordinal-index).
// The empty text is the only shard.
func ParseShard(text, podName string) (Shard, error) {
	if text == "" {
		return Shard{Count: 1}, nil
	}
	index, count, found := strings.Cut(text, "/")
	if !found {
		return Shard{}, errors.New("must be INDEX/COUNT or auto/COUNT")
	}
	s := Shard{}
	var err error
	if s.Count, err = strconv.Atoi(count); err != nil || s.Count < 1 || s.Count > maxShards {
		return Shard{}, fmt.Errorf("the count must be a whole number from 1 to %d", maxShards)
	}
	from := "the index"
	if index == "auto" {
		from = fmt.Sprintf("the ordinal at the end of POD_NAME=%q", podName)
		index = regexp.MustCompile(`-(\d+)$`).FindString(podName)
		index = strings.TrimPrefix(index, "-")
	}
	if s.Index, err = strconv.Atoi(index); err != nil || s.Index < 0 || s.Index >= s.Count {
		return Shard{}, fmt.Errorf("%s must be a whole number from 0 to %d", from, s.Count-1)
	}
	return s, nil
}

// Owns says whether the cluster of that name belongs to this shard. Every name
// belongs to exactly one shard: the one whose hash with it is the highest (rendezvous
// hashing). So another replica takes an equal share from each of the others, and no
// name moves between those.
func (s Shard) Owns(name string) bool {
	owner, highest := 0, uint64(0)
	for i := range s.Count {
		if score := score(name, i); i == 0 || score > highest {
			owner, highest = i, score
		}
	}
	return owner == s.Index
}

func score(name string, shard int) uint64 {
	sum := sha256.Sum256(binary.BigEndian.AppendUint32([]byte(name), uint32(shard&math.MaxUint32)))
	return binary.BigEndian.Uint64(sum[:])
}
