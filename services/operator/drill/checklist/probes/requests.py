"""Requests that two parsers could read in two ways; each must be refused before anybody decides about it."""

from collections.abc import Mapping
from typing import Final

TARGETS: Final[Mapping[str, str]] = {
    "escaped slash": "/v1/patients%2f",
    "escaped slash, upper case": "/v1%2Fpatients",
    "escaped dots": "/v1/%2e%2e/v1/patients",
    "escaped letter": "/v1/%70atients",
    "escaped twice": "/v1/%252e%252e/patients",
    "escaped backslash": "/v1%5cpatients",
    "escaped NUL": "/v1/patients%00",
    "empty segment": "/v1//patients",
    "leading double slash": "//evil.test/v1/patients",
    "trailing slash": "/v1/patients/",
    "dot segment": "/v1/./patients",
    "two dots": "/v1/x/../patients",
    "two dots at the end": "/v1/patients/..",
    "matrix parameter": "/v1/..;/patients",
    "backslash": "/v1\\patients",
    "absolute form": "http://evil.test/v1/patients",
    "absolute form of ourselves": "http://eventide.test/v1/patients",
    "fragment": "/v1/patients#x",
    "asterisk": "*",
    "authority": "evil.test:443",
    "control in query": "/v1/patients?a=\x01",
    "quotes in query": '/v1/patients?a="b"',
    "letter beyond ASCII in query": "/v1/patients?a=\xe9",
}
HEADS: Final[Mapping[str, tuple[int, list[str]]]] = {
    "two hosts": (400, ["Host: evil.test"]),
    "two tokens": (400, ["Authorization: Bearer x", "Authorization: Bearer y"]),
    "two lengths": (400, ["Content-Length: 0", "Content-Length: 0"]),
    "length and transfer coding": (400, ["Content-Length: 4", "Transfer-Encoding: chunked"]),
    "negative length": (400, ["Content-Length: -1"]),
    "length with a plus": (400, ["Content-Length: +1"]),
    "unknown transfer coding": (400, ["Transfer-Encoding: xchunked"]),
    "body of a GET": (400, ["Content-Length: 4"]),
    "chunked body of a GET": (400, ["Transfer-Encoding: chunked"]),
    "underscore in a name": (400, ["X_User: root"]),
    "dot in a name": (400, ["X.User: root"]),
    "space before the colon": (400, ["X-User : root"]),
    "folded line": (400, ["X-User: a\r\n b"]),
    "control character": (400, ["Accept: a\x01b"]),
    "65 fields": (431, [f"X-{n}: 1" for n in range(64)]),
    "17 KiB": (431, ["X-Long: " + "a" * 17_000]),
    "70 KiB": (400, ["X-Long: " + "a" * 70_000]),
    "folded line after a tab": (400, ["X-User: a\r\n\tb"]),
    "transfer coding in two parts": (400, ["Transfer-Encoding: chunked", "Transfer-Encoding: identity"]),
    "transfer coding behind another": (400, ["Transfer-Encoding: gzip, chunked"]),
    "name beyond ASCII": (400, ["X-Us\xe9r: root"]),
    "encoded body": (415, ["Content-Encoding: gzip"]),
}
"""Header fields, and the status with which they are refused."""
FOREIGN_HOSTS: Final[Mapping[str, str]] = {
    "foreign": "evil.test",
    "ours below a foreign one": "localhost.evil.test",
    "foreign below ours": "evil.localhost",
    "with a user": "localhost@evil.test",
    "with a path": "localhost/x",
    "two names": "localhost, evil.test",
    "port that is none": "localhost:x",
    "empty": "",
    "final dot": "localhost.",
}
NOT_HTTP_1_1: Final[Mapping[str, bytes]] = {
    "HTTP/0.9": b"GET /livez\r\n\r\n",
    "HTTP/2 without having agreed on it": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "version that is none": b"GET /livez HTTP/1.5\r\nHost: localhost\r\n\r\n",
    "line feeds alone": b"GET /livez HTTP/1.1\nHost: localhost\n\n",
    "NUL in the target": b"GET /livez\x00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "NUL in a value": b"GET /livez HTTP/1.1\r\nHost: localhost\r\nAccept: a\x00b\r\n\r\n",
}
