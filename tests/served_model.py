"""A server that says which model it serves: `python served_model.py PORT MODEL [NOTES]`.

Each start and each end is noted in the file NOTES. MODEL `none` ends at once, with a word.
"""

import json
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Served(BaseHTTPRequestHandler):
    model = ""

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self.say({"status": "ok"} if self.path == "/health" else {"data": [{"id": self.model}]})

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if self.path == "/load":
            Served.model = asked["model"]
        self.say({"model": self.model, "choices": [{"text": self.model, "finish_reason": "stop"}]})

    def say(self, what: object) -> None:
        body = json.dumps(what).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main(port: int, model: str, notes: str) -> None:
    if model.endswith("none"):
        sys.exit("no such model, sk-test-0123456789abcdef")
    Served.model = model
    server = ThreadingHTTPServer(("127.0.0.1", port), Served)

    def note(words: str) -> None:
        if notes:
            with Path(notes).open("a") as file:
                file.write(words + "\n")

    def end(*_: object) -> None:
        note(f"end {model}")
        sys.exit(0)

    signal.signal(signal.SIGTERM, end)
    note(f"start {model}")
    server.serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else "")
