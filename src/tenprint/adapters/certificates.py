"""Self-made certificates for HTTPS between parties: one a party, told to the others by the party file, which pins it.

A pinned certificate is its own authority: a client that talks to one party trusts that party's certificate and no
other, so no third party of the network can stand in its place. A real name with a certificate of a public authority
needs none of this: the party file then names no certificate.
"""

from __future__ import annotations

import ipaddress
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tenprint.adapters.faults import storage_faults
from tenprint.adapters.files import write_whole
from tenprint.core.errors import StorageError

VALID_DAYS = 3_650
CLOCK_SLACK = timedelta(days=1)
"""Valid from a day before it was made, so that a neighbour's slow clock takes it."""
LOCAL_NAMES = ("localhost",)
LOCAL_ADDRESSES = ("127.0.0.1",)


def write_certificate(party: str, certificate: Path, key: Path) -> None:
    """Make a certificate for a party that runs on this machine, and write it and its private key.

    Args:
        party: its id, the certificate's common name.
        certificate, key: where; their folder must exist.

    Raises:
        StorageError: a code of `faults`.
    """
    made, secret = _made(party)
    with storage_faults("writing a certificate"):
        write_whole(key, secret)
        write_whole(certificate, made, mode=0o644)


def server_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """Return the TLS settings of a party's door.

    Raises:
        StorageError: ``TLS_UNUSABLE`` when the files are missing or do not belong together.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as problem:
        raise _unusable(certificate) from problem
    return context


def client_context(certificate: Path | None) -> ssl.SSLContext:
    """Return the TLS settings for talking to one party.

    Args:
        certificate: the only one that is trusted; None trusts the system's authorities.

    Raises:
        StorageError: ``TLS_UNUSABLE`` when the file is missing or no certificate.
    """
    if certificate is None:
        context = ssl.create_default_context()
    else:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        try:
            context.load_verify_locations(cafile=certificate)
        except (OSError, ssl.SSLError) as problem:
            raise _unusable(certificate) from problem
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _made(party: str) -> tuple[bytes, bytes]:
    """Return a new certificate and its private key as PEM."""
    # Only who founds a network makes certificates: a party's process need not load this.
    from cryptography import x509  # noqa: PLC0415
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID  # noqa: PLC0415

    secret = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, party)])
    names = [x509.DNSName(host) for host in LOCAL_NAMES]
    addresses = [x509.IPAddress(ipaddress.ip_address(address)) for address in LOCAL_ADDRESSES]
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(secret.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_SLACK)
        .not_valid_after(now + timedelta(days=VALID_DAYS))
        .add_extension(x509.SubjectAlternativeName([*names, *addresses]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(secret.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(secret.public_key()), critical=False)
        .sign(secret, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    key = secret.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return made.public_bytes(pem), key


def _unusable(certificate: Path) -> StorageError:
    return StorageError(
        "TLS_UNUSABLE",
        f"the certificate {certificate.name} of {certificate.parent.name} or its key cannot be used",
        hint="restore both from the same copy, or make a new network",
    )
