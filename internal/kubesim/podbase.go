package kubesim

import (
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// pod is what the simulation stores of a pod; the rest of its row or object follows
// from bits.
type pod struct {
	namespace, name, node string
	phase                 corev1.PodPhase
	bits                  uint64
	created               time.Time
	version               int64
}

// active reports whether the pod counts as active on a node.
func (p *pod) active() bool {
	return p.node != "" && !p.finished()
}

func (p *pod) finished() bool {
	return p.phase == corev1.PodSucceeded || p.phase == corev1.PodFailed
}

// terminating reports whether the pod has a deletion timestamp.
func (p *pod) terminating() bool {
	return p.active() && p.bits>>40%97 == 0
}

// podBase makes the pods that the cluster starts with, in the order of their
// keys (namespace/name).
type podBase struct {
	cfg        Config
	namespaces []string
	starts     []int // index of each namespace's first pod, and the total
	words      [64]string
	shapes     [][]workload
	numbers    shuffle
	nodes      *nodeBase
	began      time.Time
}

func newPodBase(cfg Config, nodes *nodeBase, began time.Time) *podBase {
	b := &podBase{
		cfg: cfg, nodes: nodes, began: began,
		namespaces: slices.Clone(cfg.Namespaces),
		words:      subjectWords(), shapes: blockShapes(),
	}
	if len(b.namespaces) == 0 {
		b.namespaces = defaultNamespaces()
	}
	// Keys have a slash after the namespace, and "-" sorts before it.
	slices.SortFunc(b.namespaces, func(x, y string) int { return strings.Compare(x+"/", y+"/") })
	total := cfg.Pods + cfg.Finished + cfg.Unscheduled + cfg.UnknownNode
	b.numbers = newShuffle(cfg.Seed^0x5eed, total)
	weights := make([]uint64, len(b.namespaces))
	for i := range weights {
		weights[i] = 10 + mix(cfg.Seed^0x5ace, uint64(i))%90
	}
	b.starts = shares(weights, total)
	return b
}

// Len returns the number of pods, of every phase.
func (b *podBase) Len() int { return b.starts[len(b.namespaces)] }

// At returns the i-th pod and its key.
func (b *podBase) At(i int) (string, pod) {
	n := sortSearch(b.starts, i)
	key := b.appendName(append([]byte(b.namespaces[n]), '/'), n, i-b.starts[n])
	p := pod{
		namespace: b.namespaces[n],
		bits:      mix(b.cfg.Seed, uint64(i)),
		version:   baseVersion - int64(mix(b.cfg.Seed^1, uint64(i))%baseVersion),
	}
	full := string(key)
	p.name = full[len(p.namespace)+1:]
	p.created = b.began.Add(-time.Duration(p.bits%(90*24*3600)) * time.Second)
	b.assign(&p, b.numbers.at(i))
	return full, p
}

// each calls visit with the pods of a namespace.
func (b *podBase) each(namespace string, visit func(p *pod)) {
	n := slices.Index(b.namespaces, namespace)
	if n < 0 {
		return
	}
	for i := b.starts[n]; i < b.starts[n+1]; i++ {
		_, p := b.At(i)
		visit(&p)
	}
}

// assign sets the phase and node of the pod with a number: each class has a range of
// numbers, and so exactly the configured size.
func (b *podBase) assign(p *pod, number int) {
	switch c := b.cfg; {
	case number < c.Pods:
		p.phase, p.node = activePhase(p.bits), b.nodes.holder(number)
	case number < c.Pods+c.Finished:
		p.phase, p.node = corev1.PodSucceeded, b.nodes.names[int(p.bits>>8%uint64(c.Nodes))]
		if p.bits>>32%5 == 0 {
			p.phase = corev1.PodFailed
		}
	case number < c.Pods+c.Finished+c.Unscheduled:
		p.phase = corev1.PodPending
	default:
		p.phase, p.node = activePhase(p.bits), b.nodes.gone[number%len(b.nodes.gone)]
	}
}

func activePhase(bits uint64) corev1.PodPhase {
	switch k := bits >> 20 % 1000; {
	case k < 12:
		return corev1.PodPending
	case k < 13:
		return corev1.PodUnknown
	default:
		return corev1.PodRunning
	}
}

// appendName appends the name of the j-th pod of namespace n, such as
// invoice-api-6d4cf56db6-x8k2p. A larger j gives a name that sorts later.
func (b *podBase) appendName(out []byte, n, j int) []byte {
	block, rest := j/blockSize, j%blockSize
	out = b.appendSubject(out, block, (b.starts[n+1]-b.starts[n]+blockSize-1)/blockSize)
	seed := mix(b.cfg.Seed^uint64(n), uint64(block))
	for _, w := range b.shapes[seed%uint64(len(b.shapes))] {
		if rest >= w.pods {
			rest -= w.pods
			continue
		}
		out = append(append(append(out, '-'), w.role...), '-')
		out = appendHash(out, mix(seed, uint64(w.role[0])<<8|uint64(w.role[1])))
		out = append(out, '-')
		return appendSuffix(out, spread(seed^uint64(w.pods), rest, w.pods, suffixes))
	}
	return out
}

// appendSubject appends one to three words for a block, in sorted order: as few as
// are needed to number all blocks of the namespace.
func (b *podBase) appendSubject(out []byte, block, blocks int) []byte {
	digits, room := 1, len(b.words)
	for room < blocks {
		digits, room = digits+1, room*len(b.words)
	}
	number := block * room / blocks
	for d := range digits {
		room /= len(b.words)
		if d > 0 {
			out = append(out, '-')
		}
		out = append(out, b.words[number/room%len(b.words)]...)
	}
	return out
}

// appendHash appends a replica set's hash, ten characters long.
func appendHash(b []byte, bits uint64) []byte {
	return appendSuffix(appendSuffix(b, bits%suffixes), bits>>32%suffixes)
}
