"""A file and the receiver's public key in; the same file as an OpenPGP message (RFC 9580) out."""

from pathlib import Path

from perennial.errors import TerminalError


def encrypt(file: Path, key: Path) -> Path:
    """Encrypt a file for the holder of a public key; the clear one is deleted."""
    # A library in Rust, which is not loaded by who encrypts nothing.
    import pysequoia

    try:
        content = key.read_bytes()
        receiver, holds = pysequoia.Cert.from_bytes(content), str(pysequoia.Tsk.from_bytes(content))
    except FileNotFoundError:
        raise TerminalError(
            f"files: encrypt: there is no {key}; put the receiver's public key there"
        ) from None
    except Exception as error:
        raise TerminalError(f"files: encrypt: {key} is no OpenPGP key: {error}") from None
    if holds.startswith("-----BEGIN PGP PRIVATE"):
        raise TerminalError(f"files: encrypt: {key} holds a secret key; only the public one belongs there")
    message = file.with_name(f"{file.name}.pgp")
    try:
        pysequoia.encrypt_file(str(file), str(message), [receiver], armor=False)
    except Exception as error:
        raise TerminalError(f"files: encrypt: {key} cannot encrypt: {error}") from None
    file.unlink()
    return message
