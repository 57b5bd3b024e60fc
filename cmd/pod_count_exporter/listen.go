package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"

	"github.com/coreos/go-systemd/v22/activation"
	"github.com/mdlayher/vsock"
	"github.com/prometheus/exporter-toolkit/web"
)

// vsockPrefix marks the address of a socket of a virtual machine: vsock://:PORT.
const vsockPrefix = "vsock://"

// listen opens all listeners, or none.
func listen(ctx context.Context, f *web.FlagConfig) ([]net.Listener, error) {
	if *f.WebSystemdSocket {
		return listenSystemd()
	}
	var listeners []net.Listener
	for _, address := range *f.WebListenAddresses {
		l, err := listenOn(ctx, address)
		if err != nil {
			closeAll(listeners)
			return nil, fmt.Errorf("--web.listen-address=%q: %w", address, err)
		}
		listeners = append(listeners, l)
	}
	return listeners, nil
}

func listenSystemd() ([]net.Listener, error) {
	listeners, err := activation.Listeners()
	if err != nil {
		return nil, fmt.Errorf("--web.systemd-socket: %w", err)
	}
	if len(listeners) == 0 {
		return nil, errors.New("--web.systemd-socket: systemd has passed no sockets")
	}
	return listeners, nil
}

func listenOn(ctx context.Context, address string) (net.Listener, error) {
	if !strings.HasPrefix(address, vsockPrefix) {
		return new(net.ListenConfig).Listen(ctx, "tcp", address)
	}
	u, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	port, err := strconv.ParseUint(u.Port(), 10, 32)
	if err != nil {
		return nil, err
	}
	return vsock.Listen(uint32(port), nil)
}

// closeAll closes listeners that have not been served.
func closeAll(listeners []net.Listener) {
	for _, l := range listeners {
		_ = l.Close()
	}
}
