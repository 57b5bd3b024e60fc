package main

import (
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
)

// nastyAnswer is what a server or a proxy does with the credentials that it receives.
type nastyAnswer struct {
	name   string
	reason string
	// quoted says that the log quotes the server's text.
	quoted bool
	// refused says that the answer would show the text unchanged, and so fails if it
	// contains a credential.
	refused bool
	// foreign says that net/http logs something, too.
	foreign bool
	// server, if set, is used in place of the login's own.
	server string
	// write gets the credentials in every form that the server can know.
	write func(w http.ResponseWriter, said string)
}

// path is the first element of the request's path that asks for the answer.
func (a nastyAnswer) path() string { return strings.ReplaceAll(a.name, " ", "-") }

// nastyAnswers are all there are; untrusted is a server with an unknown
// certificate.
func nastyAnswers(untrusted string) []nastyAnswer {
	return []nastyAnswer{
		{name: "401 in a Status", reason: "unauthorized", quoted: true, write: inStatus(http.StatusUnauthorized)},
		{name: "403 in a Status", reason: "forbidden", quoted: true, write: inStatus(http.StatusForbidden)},
		{name: "500 in a Status", reason: "server", quoted: true, write: inStatus(http.StatusInternalServerError)},
		{name: "403 in a Status with code 200", reason: "forbidden", quoted: true, write: inStatusOf(http.StatusOK, http.StatusForbidden)},
		{name: "long Status", reason: "server", quoted: true, write: long},
		{name: "403 in HTML", reason: "forbidden", write: inHTML(http.StatusForbidden)},
		{name: "200 in HTML", reason: "malformed", write: inHTML(http.StatusOK)},
		{name: "407 in plain text", reason: "server", write: inText(http.StatusProxyAuthRequired)},
		{name: "header", reason: "server", write: inHeader("X-Echo", http.StatusServiceUnavailable)},
		{name: "content type", reason: "malformed", quoted: true, write: inHeader("Content-Type", http.StatusOK)},
		{name: "redirect", reason: "server", write: inHeader("Location", http.StatusFound)},
		{name: "redirect to no URL", reason: "network", quoted: true, write: badRedirect},
		{name: "node name", reason: "malformed", refused: true, write: inList(`{"kind": "NodeList", "metadata": {}, "items": [{"metadata": {"name": %q}}]}`)},
		{name: "part of a node name", reason: "malformed", refused: true, write: inList(`{"kind": "NodeList", "metadata": {}, "items": [{"metadata": {"name": "x"}}, {"metadata": {"name": "node-%.200s-1"}}]}`)},
		{name: "resourceVersion", reason: "malformed", refused: true, write: inList(`{"kind": "NodeList", "metadata": {"resourceVersion": %q}, "items": []}`)},
		{name: "continue token", reason: "malformed", write: inList(`{"kind": "NodeList", "metadata": {"continue": %q}, "items": [{"metadata": {"name": "x"}}]}`)},
		{name: "kind of a list", reason: "malformed", quoted: true, write: inKind},
		{name: "field of malformed JSON", reason: "malformed", write: inField},
		{name: "malformed JSON", reason: "malformed", write: inMalformed},
		{name: "body that is cut", reason: "network", write: cut},
		{name: "reset", reason: "network", write: reset},
		{name: "not HTTP", reason: "network", quoted: true, write: raw("HTTP/1.1 %s\r\n\r\n")},
		{name: "malformed header", reason: "network", quoted: true, write: raw("HTTP/1.1 200 OK\r\n%s\r\n\r\n")},
		{name: "reason phrase", reason: "server", write: raw("HTTP/1.1 500 %s\r\nContent-Length: 0\r\n\r\n")},
		{name: "answer that was not asked for", reason: "server", foreign: true, write: raw("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n%s")},
		{name: "not trusted", reason: "network", server: untrusted},
	}
}

// answerNastily gives the answer that the path selects. As a proxy it refuses to
// tunnel, and echoes what it was sent.
func answerNastily(w http.ResponseWriter, r *http.Request) {
	said := saidBy(r)
	if r.Method == http.MethodConnect {
		raw("HTTP/1.1 407 %s\r\nContent-Length: 0\r\n\r\n")(w, said)
		return
	}
	first, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	for _, a := range nastyAnswers("") {
		if a.path() == first {
			a.write(w, said)
		}
	}
}

// saidBy is one line of the credentials of a request, as they are and decoded.
// Without credentials, it is what a server would say then.
func saidBy(r *http.Request) string {
	said := "no credentials"
	for _, header := range []string{"Authorization", "Proxy-Authorization"} {
		_, credential, ok := strings.Cut(r.Header.Get(header), " ")
		if !ok {
			continue
		}
		said = credential + " " + r.Header.Get(header)
		if _, password, ok := strings.Cut(decode(credential), ":"); ok {
			said += " " + password
		}
	}
	return said
}

func decode(credential string) string {
	decoded, err := base64.StdEncoding.DecodeString(credential)
	if err != nil {
		return ""
	}
	return string(decoded)
}

func inStatus(code int) func(http.ResponseWriter, string) { return inStatusOf(code, code) }

func inStatusOf(status, code int) func(http.ResponseWriter, string) {
	return func(w http.ResponseWriter, said string) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(map[string]any{"kind": "Status", "apiVersion": "v1", "status": "Failure",
			"code": code, "message": "not allowed with " + said, "reason": said})
	}
}

// long puts the credentials where the log cuts the text.
func long(w http.ResponseWriter, said string) {
	inStatus(http.StatusInternalServerError)(w, strings.Repeat("x", 165)+said)
}

func inHTML(status int) func(http.ResponseWriter, string) {
	return func(w http.ResponseWriter, said string) {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(status)
		fmt.Fprintf(w, "<html><h1>%s</h1></html>", said)
	}
}

func inText(status int) func(http.ResponseWriter, string) {
	return func(w http.ResponseWriter, said string) { http.Error(w, said, status) }
}

func inHeader(name string, status int) func(http.ResponseWriter, string) {
	return func(w http.ResponseWriter, said string) {
		w.Header().Set(name, said)
		w.WriteHeader(status)
	}
}

func badRedirect(w http.ResponseWriter, said string) {
	inHeader("Location", http.StatusFound)(w, "http://host/%zz"+said)
}

func inKind(w http.ResponseWriter, said string) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"kind": said, "items": []any{}})
}

// inList has the first of the credentials in a list: what follows a space may belong
// to the next entry.
func inList(format string) func(http.ResponseWriter, string) {
	return func(w http.ResponseWriter, said string) {
		w.Header().Set("Content-Type", "application/json")
		credential, _, _ := strings.Cut(said, " ")
		fmt.Fprintf(w, format, credential)
	}
}

func inField(w http.ResponseWriter, said string) {
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{"kind": "NodeList", "metadata": {%q: nonsense}}`, said)
}

func inMalformed(w http.ResponseWriter, said string) {
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{"kind": "NodeList", "metadata": %s}`, said)
}

func cut(w http.ResponseWriter, said string) {
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{"kind": "NodeList", %q: "`, said)
	_ = http.NewResponseController(w).Flush()
	reset(w, said)
}

func reset(w http.ResponseWriter, _ string) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	if secure, ok := conn.(*tls.Conn); ok {
		conn = secure.NetConn()
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// raw writes past net/http, which would repair what is wrong. The connection stays
// open for as long as the client's end does.
func raw(format string) func(http.ResponseWriter, string) {
	return func(w http.ResponseWriter, said string) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		_, _ = fmt.Fprintf(conn, format, said)
		_, _ = conn.Read(make([]byte, 1))
		_ = conn.Close()
	}
}
