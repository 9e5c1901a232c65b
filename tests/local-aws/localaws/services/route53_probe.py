"""Probing endpoints as Route 53's health checkers do: HTTP, HTTPS, string match, TCP."""

from __future__ import annotations

import http.client
import socket
import ssl
from typing import Any

# How much of a body is searched for the string.
SEARCHED_BYTES = 5120
PROBED = ("HTTP", "HTTPS", "HTTP_STR_MATCH", "HTTPS_STR_MATCH", "TCP")


def probe(check: Any, timeout: float) -> tuple[bool, str]:
    """One probe: did it pass, and the sentence that GetHealthCheckStatus shows."""
    host = check.ip_address or check.fqdn
    secure = str(check.type_).startswith("HTTPS")
    port = int(check.port or (443 if secure else 80))
    try:
        if check.type_ == "TCP":
            socket.create_connection((host, port), timeout=timeout).close()
            return True, f"Success: TCP connection to {host}:{port} established"
        return _http(check, host, port, secure, timeout)
    except (OSError, http.client.HTTPException) as error:
        return False, f"Failure: {host}:{port} could not be reached: {error}"


def _http(check: Any, host: str, port: int, secure: bool, timeout: float) -> tuple[bool, str]:
    connection: http.client.HTTPConnection
    if secure:
        # Route 53 does not validate certificates.
        context = ssl._create_unverified_context()
        connection = http.client.HTTPSConnection(host, port, timeout=timeout, context=context)
    else:
        connection = http.client.HTTPConnection(host, port, timeout=timeout)
    try:
        path = check.resource_path or "/"
        headers = {"Host": check.fqdn} if check.ip_address and check.fqdn else {}
        headers["User-Agent"] = "Amazon-Route53-Health-Check-Service"
        connection.request("GET", path if path.startswith("/") else f"/{path}", headers=headers)
        answer = connection.getresponse()
        body = answer.read(SEARCHED_BYTES)
    finally:
        connection.close()
    sentence = f"HTTP Status Code {answer.status}, {answer.reason}. Resolved IP: {host}"
    if not 200 <= answer.status < 400:
        return False, f"Failure: {sentence}"
    if str(check.type_).endswith("STR_MATCH"):
        if (check.search_string or "").encode() not in body:
            return False, f"Failure: {sentence}. The body does not hold the search string"
    return True, f"Success: {sentence}"
