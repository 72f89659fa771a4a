"""The controller's operator door, as any client sees it: REST over TLS, and the `muster` command line."""

import http.client
import json
import os
import ssl
import subprocess
import urllib.parse
from dataclasses import dataclass


class Problem(Exception):
    """The controller said no (RFC 9457)."""

    def __init__(self, status, body):
        self.status, self.body = status, body if isinstance(body, dict) else {}
        self.field = self.body.get("field", "")
        self.detail = self.body.get("detail", str(body))
        super().__init__(f"{status} {self.field + ': ' if self.field else ''}{self.detail}")


@dataclass
class Answer:
    status: int
    headers: dict  # names in lower case
    body: bytes

    def json(self):
        return json.loads(self.body) if self.body else None


class Api:
    def __init__(self, port, ca_file, token=""):
        self.port, self.token = port, token
        self.tls = ssl.create_default_context(cafile=ca_file)
        self.line = None

    def call(self, method, path, body=None, headers=None):
        headers = dict(headers or {})
        if self.token:
            headers.setdefault("Authorization", "Bearer " + self.token)
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
            headers.setdefault("Content-Type", "application/json")
        for again in (True, False):
            try:
                return self._exchange(method, path, body, headers)
            except (http.client.HTTPException, OSError):
                fresh = self.line is None
                self.close()
                # A kept connection may have been closed meanwhile; a POST is only repeated by who knows that it may.
                if fresh or not again or method == "POST":
                    raise

    def _exchange(self, method, path, body, headers):
        if self.line is None:
            line = http.client.HTTPSConnection("localhost", self.port, timeout=30, context=self.tls)
            line.connect()
            self.line = line
        self.line.request(method, path, body, headers)
        response = self.line.getresponse()
        names = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, names, response.read())

    def close(self):
        if self.line is not None:
            self.line.close()
        self.line = None

    def ask(self, method, path, body=None, headers=None):
        answer = self.call(method, "/api/v1" + path, body, headers)
        if answer.status >= 300:
            try:
                raise Problem(answer.status, answer.json())
            except json.JSONDecodeError:
                raise Problem(answer.status, answer.body.decode(errors="replace")) from None
        return answer.json()

    def get(self, path):
        return self.ask("GET", path)

    def post(self, path, body=None, **headers):
        return self.ask("POST", path, {} if body is None else body,
                        {name.replace("_", "-"): value for name, value in headers.items()})

    def items(self, path):
        """All pages of a list."""
        found, cursor = [], None
        while True:
            query = "limit=1000" + (f"&cursor={urllib.parse.quote(cursor)}" if cursor else "")
            page = self.get(path + ("&" if "?" in path else "?") + query)
            found += page["items"]
            cursor = page["next"]
            if not cursor:
                return found

    def metrics(self):
        """/metrics, each sample by its name and labels."""
        text = self.call("GET", "/metrics").body.decode()
        samples = (line.rsplit(" ", 1) for line in text.splitlines() if line and not line.startswith("#"))
        return {name: float(value) for name, value in samples}


class CommandFailed(Exception):
    def __init__(self, arguments, code, stderr):
        self.code, self.stderr = code, stderr
        super().__init__(f"muster {' '.join(arguments)}: exit {code}: {stderr.strip()}")


class Cli:
    def __init__(self, program, server, token_file, ca_file):
        self.program = program
        self.environment = {**os.environ, "MUSTER_SERVER": server, "MUSTER_TOKEN_FILE": str(token_file),
                            "MUSTER_CA": str(ca_file)}

    def run(self, *arguments, timeout=180):
        return subprocess.run([self.program, *map(str, arguments)], env=self.environment, capture_output=True,
                              text=True, timeout=timeout)

    def __call__(self, *arguments, timeout=180):
        """What it printed; CommandFailed unless it exits 0."""
        done = self.run(*arguments, timeout=timeout)
        if done.returncode:
            raise CommandFailed(list(map(str, arguments)), done.returncode, done.stderr)
        return done.stdout.strip()

    def json(self, *arguments, timeout=180):
        return json.loads(self(*arguments, "--json", timeout=timeout))
