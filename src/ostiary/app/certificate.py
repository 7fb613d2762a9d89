"""The certificate that the port speaks TLS with: loaded to serve, looked at by the doctor."""

import ssl
from datetime import datetime
from pathlib import Path

from ostiary.app.named_files import require_file
from ostiary.config.settings import Settings, Trouble
from ostiary.http.serve import tls_context


def context_of(settings: Settings) -> ssl.SSLContext | None:
    """What TLS is spoken with, None without a certificate. Raises Trouble that names the file."""
    certificate, key = settings.tls_cert, settings.tls_key
    if certificate is None or key is None:
        return None
    for name, file in (("tls_cert", certificate), ("tls_key", key)):
        require_file(name, file)
    try:
        return tls_context(certificate, key)
    except ssl.SSLError as error:
        raise Trouble(
            f"{certificate} (tls_cert) and {key} (tls_key) are not a certificate and its key, without a "
            f"password, in PEM: {error.reason or error}."
        ) from None


def ends_at(certificate: Path) -> datetime:
    """Until when it is good."""
    from cryptography import x509

    return x509.load_pem_x509_certificate(certificate.read_bytes()).not_valid_after_utc


def is_for(certificate: Path, host: str) -> bool:
    """Whether clients that ask for the host will take it. Source: RFC 6125, 6.4."""
    from cryptography import x509

    loaded = x509.load_pem_x509_certificate(certificate.read_bytes())
    try:
        named = loaded.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return False
    names = {name.lower() for name in named.get_values_for_type(x509.DNSName)}
    addresses = {str(address) for address in named.get_values_for_type(x509.IPAddress)}
    return host in names | addresses or f"*.{host.partition('.')[2]}" in names
