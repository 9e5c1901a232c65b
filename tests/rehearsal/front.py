"""A TLS front for PostgreSQL, with an authority of the run's own; each listener is also a gate.

The PostgreSQL build of a rehearsal speaks no TLS, and what is deployed to AWS must: clients of the
front negotiate TLS as PostgreSQL's protocol has it (SSLRequest), and a client that asks for none is
refused, as RDS does under `rds.force_ssl`.
"""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import ssl
import struct
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from .gate import Board, Gate

# Request codes that stand in the place of a protocol version (PostgreSQL's message formats).
_SSL_REQUEST = 80877103
_GSSENC_REQUEST = 80877104
_CANCEL_REQUEST = 80877102
# A certificate for one run: a day outlives the longest debugging session.
_LIFETIME = datetime.timedelta(days=1)
# Startup packets are at most this long (MAX_STARTUP_PACKET_LENGTH).
_STARTUP_LIMIT = 10_000


class Authority:
    """A certificate authority for one run; `ca_file` is what clients are told to trust."""

    def __init__(self, directory: Path):
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = directory
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Leeward rehearsal CA")])
        usage = x509.KeyUsage(
            digital_signature=True, content_commitment=False, key_encipherment=False,
            data_encipherment=False, key_agreement=False, key_cert_sign=True, crl_sign=True,
            encipher_only=False, decipher_only=False)
        certificate = (self._builder(self._name, self._key)
                       .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
                       .add_extension(usage, critical=True)
                       .sign(self._key, hashes.SHA256()))
        self.ca_file = directory / "ca.pem"
        self.ca_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def _builder(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey):
        now = datetime.datetime.now(datetime.UTC)
        return (x509.CertificateBuilder().subject_name(subject).issuer_name(self._name)
                .public_key(key.public_key()).serial_number(x509.random_serial_number())
                .not_valid_before(now - datetime.timedelta(minutes=5))
                .not_valid_after(now + _LIFETIME))

    def server_context(self, hosts: list[str]) -> ssl.SSLContext:
        """A server's TLS context for these addresses and names."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hosts[0])])
        certificate = (self._builder(subject, key)
                       .add_extension(x509.SubjectAlternativeName([_alternative(h) for h in hosts]),
                                      critical=False)
                       .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]),
                                      critical=False)
                       .add_extension(x509.BasicConstraints(ca=False, path_length=None),
                                      critical=True)
                       .sign(self._key, hashes.SHA256()))
        chain = self._directory / f"{hosts[0]}.pem"
        chain.write_bytes(
            key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                              serialization.NoEncryption())
            + certificate.public_bytes(serialization.Encoding.PEM))
        chain.chmod(0o600)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain)
        return context


def client_context(ca_file: Path | str) -> ssl.SSLContext:
    """A client's TLS context that trusts one authority and checks names."""
    return ssl.create_default_context(cafile=str(ca_file))


def open_front(board: Board, listen: tuple[str, int], upstream: tuple[str, int],
               context: ssl.SSLContext) -> Gate:
    """Opens a gate that speaks PostgreSQL's TLS to its clients and plainly to the server."""

    async def greeting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes | None:
        secure = False
        while True:
            head = await reader.readexactly(8)
            length, code = struct.unpack("!II", head)
            if code == _GSSENC_REQUEST and not secure:
                writer.write(b"N")
            elif code == _SSL_REQUEST and not secure:
                writer.write(b"S")
                await writer.drain()
                await writer.start_tls(context)
                secure = True
            elif code == _CANCEL_REQUEST or secure:
                if not 8 <= length <= _STARTUP_LIMIT:
                    return None
                return head + await reader.readexactly(length - 8)
            else:
                writer.write(_refusal())
                await writer.drain()
                return None

    return board.gate(listen, upstream, greeting)


def _refusal() -> bytes:
    """PostgreSQL's ErrorResponse to a client that did not ask for TLS."""
    fields = (b"SFATAL\0VFATAL\0C28000\0"
              b"Mthis server takes TLS connections only: use sslmode=verify-full\0\0")
    return b"E" + struct.pack("!I", len(fields) + 4) + fields


def _alternative(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
