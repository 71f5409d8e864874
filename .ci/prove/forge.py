#!/usr/bin/env python3
"""A forge that answers from tests/recorded, whatever the query. A repository of the owner `slow` answers after a minute.

Usage: forge.py PORT
"""
import base64, json, pathlib, sys, threading, urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

RECORDED = pathlib.Path(__file__).resolve().parent.parent.parent / "tests/recorded"
ANSWERS, STOPPING = {}, threading.Event()
for file in sorted(RECORDED.glob("*.jsonl")):
    for line in file.read_text().splitlines():
        it = json.loads(line)
        path = urllib.parse.unquote(it["path"])
        # Of several pages and filters the fullest answer stands for all.
        if it["as"] == "aegis-bot" and it["status"] == 200:
            answer = it.get("answer")
            is_file = isinstance(answer, dict) and set(answer) == {"base64", "bytes"}
            body = base64.b64decode(answer["base64"]) if is_file else json.dumps(answer).encode()
            if len(body) > len(ANSWERS.get(path, ("", b""))[1]):
                ANSWERS[path] = (it["headers"].get("Content-Type", "application/json"), body)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        path = urllib.parse.unquote(self.path.split("?")[0].removeprefix("/api/v1"))
        if path.startswith("/repos/slow/"):
            STOPPING.wait(60)
        kind, body = ANSWERS.get(path, ("application/json", None))
        status = 200 if body is not None else 404
        body = body or b'{"message":"not found"}'
        head = f"HTTP/1.1 {status} .\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
        try:
            self.wfile.write(head.encode() + body)
        except OSError:
            self.close_connection = True


if __name__ == "__main__":
    ThreadingHTTPServer.daemon_threads = True
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
