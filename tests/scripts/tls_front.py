"""TLS in front of a plain loopback server, with a certificate authority of its own.

    tls_front.py HOST:PORT DIRECTORY

Writes the authority's certificate to DIRECTORY/ca.pem, prints `https://127.0.0.1:PORT`, and serves until its
stdin is closed. Authority and server have a certificate each: a self-signed one would not do as both.
"""

import datetime
import ipaddress
import os
import socket
import ssl
import sys
import threading

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


def certificate(name, issuer, public, signer, extensions):
    now = datetime.datetime.now(datetime.timezone.utc)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
    return builder.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def make_certificates(directory):
    named = lambda text: x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
    authority, server = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca = certificate(
        named("ripcord tests"),
        named("ripcord tests"),
        authority.public_key(),
        authority,
        [x509.BasicConstraints(ca=True, path_length=0)],
    )
    leaf = certificate(
        named("127.0.0.1"),
        named("ripcord tests"),
        server.public_key(),
        authority,
        [
            x509.BasicConstraints(ca=False, path_length=None),
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
        ],
    )
    key = server.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    for name, content in (("ca.pem", ca), ("server.pem", leaf + key)):
        with open(os.path.join(directory, name), "wb") as file:
            file.write(content)


def pipe(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
    except OSError:
        pass
    for end in (source, sink):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def serve(client, context, upstream):
    try:
        secure = context.wrap_socket(client, server_side=True)
        plain = socket.create_connection(upstream)
    except OSError:
        client.close()
        return
    threading.Thread(target=pipe, args=(plain, secure), daemon=True).start()
    pipe(secure, plain)


def accept(listener, context, upstream):
    while True:
        client, _ = listener.accept()
        threading.Thread(target=serve, args=(client, context, upstream), daemon=True).start()


def main(upstream, directory):
    make_certificates(directory)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(os.path.join(directory, "server.pem"))
    host, port = upstream.rsplit(":", 1)
    listener = socket.create_server(("127.0.0.1", 0))
    print(f"https://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    threading.Thread(target=accept, args=(listener, context, (host, int(port))), daemon=True).start()
    while os.read(0, 4096):
        pass


if __name__ == "__main__":
    main(*sys.argv[1:])
