package main

import (
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"
	"github.com/CycloneDX/cyclonedx-gomod/pkg/generate/bin"
	"github.com/rs/zerolog"
)

// writeBOM writes what a binary is linked of, in CycloneDX's JSON. Time and
// serial number come from the commit and the binary, so that they do not change
// from build to build.
func (r release) writeBOM(w io.Writer, binary string) error {
	generator, err := bin.NewGenerator(binary, bin.WithIncludeStdlib(true),
		bin.WithVersionOverride("v"+r.version), bin.WithLogger(zerolog.Nop()))
	if err != nil {
		return fmt.Errorf("bill of materials: %w", err)
	}
	bom, err := generator.Generate()
	if err != nil {
		return fmt.Errorf("bill of materials: %w", err)
	}
	data, err := os.ReadFile(binary)
	if err != nil {
		return fmt.Errorf("bill of materials: %w", err)
	}
	if bom.Metadata == nil {
		bom.Metadata = &cdx.Metadata{}
	}
	bom.Metadata.Timestamp = r.date.Format(time.RFC3339)
	sum := sha256.Sum256(data)
	// Version 8 of RFC 9562 leaves the bits to the application.
	sum[6], sum[8] = sum[6]&0x0f|0x80, sum[8]&0x3f|0x80
	bom.SerialNumber = fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", sum[0:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
	encoder := cdx.NewBOMEncoder(w, cdx.BOMFileFormatJSON)
	return encoder.SetPretty(true).Encode(bom)
}
