package collector

import (
	"bytes"
	"io"
	"math/rand/v2"
	"testing"
)

// TestPacked writes a body in pieces of all sizes: it is the same when it is read, and less
// than a piece of memory is spare.
func TestPacked(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var body packed
	var want []byte
	for _, size := range []int{0, 1, pieceSize - 1, pieceSize, pieceSize + 1, 5 * pieceSize, random.IntN(pieceSize), 3} {
		part := bytes.Repeat([]byte{byte(random.Uint32())}, size)
		want = append(want, part...)
		if n, err := body.Write(part); n != size || err != nil {
			t.Errorf("%d bytes of %d were written: %v", n, size, err)
		}
		memory := 0
		for _, piece := range body.pieces {
			memory += cap(piece)
		}
		if spare := memory - len(want); body.size != int64(len(want)) || spare >= pieceSize {
			t.Errorf("%d bytes of %d, and %d are spare", body.size, len(want), spare)
		}
	}
	if got, err := io.ReadAll(&body.pieces); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%v, %d bytes that are not the %d", err, len(got), len(want))
	}
}
