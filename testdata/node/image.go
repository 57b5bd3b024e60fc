package main

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// importImages packs programs as images and gives them to containerd.
func importImages(ctx context.Context, cfg config, images ...string) error {
	for _, image := range images {
		tag, program, found := strings.Cut(image, "=")
		if !found {
			return fmt.Errorf("--image=%s: want NAME:TAG=PROGRAM", image)
		}
		archive, err := packImage(tag, program)
		if err != nil {
			return err
		}
		cmd := exec.CommandContext(ctx, cfg.find("ctr"), "images", "import", "-")
		cmd.Env = environment(cfg)
		cmd.Stdin = bytes.NewReader(archive)
		if output, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("importing %s: %w: %s", tag, err, output)
		}
	}
	return nil
}

// packImage makes an archive as "docker save" writes it: FROM scratch, the
// program as /bin/NAME, and a numeric user.
func packImage(tag, program string) ([]byte, error) {
	data, err := os.ReadFile(program)
	if err != nil {
		return nil, fmt.Errorf("packing %s: %w", tag, err)
	}
	entrypoint := "bin/" + filepath.Base(program)
	layer, err := pack(file{entrypoint, 0o755, data})
	if err != nil {
		return nil, err
	}
	image, err := json.Marshal(map[string]any{
		"architecture": runtime.GOARCH, "os": "linux",
		"config": map[string]any{"Entrypoint": []string{"/" + entrypoint}, "User": "65532:65532"},
		"rootfs": map[string]any{"type": "layers", "diff_ids": []string{fmt.Sprintf("sha256:%x", sha256.Sum256(layer))}},
	})
	if err != nil {
		return nil, fmt.Errorf("packing %s: %w", tag, err)
	}
	index, err := json.Marshal([]map[string]any{{"Config": "config.json", "RepoTags": []string{tag}, "Layers": []string{"layer.tar"}}})
	if err != nil {
		return nil, fmt.Errorf("packing %s: %w", tag, err)
	}
	return pack(file{"config.json", 0o644, image}, file{"layer.tar", 0o644, layer}, file{"manifest.json", 0o644, index})
}

type file struct {
	name string
	mode int64
	data []byte
}

func pack(files ...file) ([]byte, error) {
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	for _, f := range files {
		err := w.WriteHeader(&tar.Header{Name: f.name, Mode: f.mode, Size: int64(len(f.data))})
		if err == nil {
			_, err = w.Write(f.data)
		}
		if err != nil {
			return nil, fmt.Errorf("packing %s: %w", f.name, err)
		}
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("packing an image: %w", err)
	}
	return archive.Bytes(), nil
}
