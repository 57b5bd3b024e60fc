package collector

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/kube-node-manager/pod_count_exporter/collector/store"
)

// formats are those that an exposition can have: the ones that a family can be written
// in part by part.
func formats() []expfmt.Format {
	return []expfmt.Format{expfmt.FmtOpenMetrics_1_0_0, expfmt.FmtOpenMetrics_0_0_1, expfmt.FmtProtoDelim, expfmt.FmtText}
}

// writeFamilies writes the gathered families, which are sorted by name, and those of the
// nodes of the views between them. If there are names, it writes only those families.
func writeFamilies(w io.Writer, format expfmt.Format, gathered []*dto.MetricFamily, nodes []nodeFamily, views []store.View, names []string) error {
	e := encoder{w: w, format: format}
	e.parts = expfmt.NewEncoder(&e.part, format)
	write := func(head *dto.MetricFamily, parts iter.Seq[[]*dto.Metric]) {
		if len(names) == 0 || slices.Contains(names, head.GetName()) {
			e.write(head, parts)
		}
	}
	for _, family := range gathered {
		for ; len(nodes) > 0 && nodes[0].name < family.GetName(); nodes = nodes[1:] {
			write(nodes[0].head(), nodes[0].parts(views))
		}
		write(family, slices.Values([][]*dto.Metric{family.GetMetric()}))
	}
	for _, family := range nodes {
		write(family.head(), family.parts(views))
	}
	if e.err == nil && format.FormatType() == expfmt.TypeOpenMetrics {
		_, e.err = expfmt.FinalizeOpenMetrics(w)
	}
	if e.err != nil {
		return fmt.Errorf("encoding the metrics: %w", e.err)
	}
	return nil
}

// encoder writes metric families in one format, until an error.
type encoder struct {
	w      io.Writer
	format expfmt.Format
	parts  expfmt.Encoder // writes into part
	part   bytes.Buffer
	err    error
}

// write writes one family. It changes the head.
func (e *encoder) write(head *dto.MetricFamily, parts iter.Seq[[]*dto.Metric]) {
	if e.err != nil {
		return
	}
	if e.format.FormatType() == expfmt.TypeProtoDelim {
		e.err = e.delimited(head, parts)
		return
	}
	first := true
	for head.Metric = range parts {
		e.part.Reset()
		err := e.parts.Encode(head)
		text := e.part.Bytes()
		for !first && bytes.HasPrefix(text, []byte("# ")) { // its name, help and type have been written
			_, text, _ = bytes.Cut(text, []byte("\n"))
		}
		first = false
		_, written := e.w.Write(text)
		if e.err = errors.Join(err, written); e.err != nil {
			return
		}
	}
}

// delimited writes one message, after its length. The fields of a message may come in any
// number of parts (https://protobuf.dev/programming-guides/encoding/#last-one-wins). They
// are made twice, as the length of all comes first.
func (e *encoder) delimited(head *dto.MetricFamily, parts iter.Seq[[]*dto.Metric]) error {
	head.Metric = nil
	size, series := proto.Size(head), 0
	for part := range parts {
		size += proto.Size(&dto.MetricFamily{Metric: part})
		series += len(part)
	}
	if series == 0 {
		return nil
	}
	err := e.message(protowire.AppendVarint(nil, uint64(size)), head)
	for part := range parts {
		err = errors.Join(err, e.message(nil, &dto.MetricFamily{Metric: part}))
	}
	return err
}

// message writes a message after what is before it.
func (e *encoder) message(before []byte, m proto.Message) error {
	text, err := proto.MarshalOptions{}.MarshalAppend(before, m)
	if err == nil {
		_, err = e.w.Write(text)
	}
	return err
}
