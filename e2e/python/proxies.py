"""What stands before a server: proxies that pass requests on."""

import http.client
import http.server
import itertools
import threading


class Proxy(http.server.ThreadingHTTPServer):
    """Passes each request to the next of its upstreams, as it came."""

    daemon_threads = True

    def __init__(self):
        self.upstreams = None
        super().__init__(("127.0.0.1", 0), _Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"

    def lead_to(self, ports):
        """From now on requests go to these ports of this machine, by turns."""
        self.upstreams = itertools.cycle(ports)

    def path(self, path):
        """The path as the upstream is asked for it; None where nothing is passed on."""
        return path

    def stop(self):
        self.shutdown()
        self.server_close()


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def forward(self):
        path = self.server.path(self.path)
        if path is None:
            self.send_error(404)
            return
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        port = next(self.server.upstreams)
        upstream = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        # The Host too is passed on as it came.
        upstream.putrequest(self.command, path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            upstream.putheader(name, value)
        upstream.endheaders(body)
        answer = upstream.getresponse()
        content = answer.read()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("content-length", "connection", "date", "transfer-encoding"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        upstream.close()

    do_GET = do_POST = do_PUT = do_OPTIONS = forward

    def log_message(self, *arguments):
        pass
