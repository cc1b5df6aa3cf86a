"""A certificate for a hotline on a LAN: self-signed, made at set-up, for the addresses it is reached at."""

from __future__ import annotations

import datetime as dt
import ipaddress
import socket
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ops.instance import write_private

VALID_DAYS: Final = 825
"""Browsers refuse a leaf certificate that lives longer."""


def ensure_certificate(folder: Path, host: str, now: dt.datetime) -> tuple[Path, Path]:
    """Certificate and key in `folder`, for `host` and this machine's name; what exists and fits is kept."""
    cert_file, key_file = folder / "cert.pem", folder / "key.pem"
    if cert_file.exists() and key_file.exists() and _fits(cert_file, host, now):
        return cert_file, key_file
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "minsheng")])
    names: list[x509.GeneralName] = [x509.DNSName(socket.gethostname()), _general(host)]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=VALID_DAYS))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    write_private(key_file, private.decode())
    write_private(cert_file, certificate.public_bytes(serialization.Encoding.PEM).decode())
    return cert_file, key_file


def _general(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _fits(file: Path, host: str, now: dt.datetime) -> bool:
    certificate = x509.load_pem_x509_certificate(file.read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    wanted = _general(host)
    return wanted in list(names) and certificate.not_valid_after_utc > now + dt.timedelta(days=30)
