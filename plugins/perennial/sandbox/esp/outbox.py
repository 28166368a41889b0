"""The outbox: signed event webhooks leave in order, until they are taken, and survive a restart."""

import base64
import logging
import threading
import time
from pathlib import Path

import requests
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from perennial.sandbox.esp.store import Store

log = logging.getLogger(__name__)
IDLE = 0.2
MAX_WAIT = 30.0


def load_key(path: Path) -> ec.EllipticCurvePrivateKey:
    """Read an ECDSA P-256 private key in PEM form."""
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise ValueError(f"{path}: expected an ECDSA P-256 private key")
    return key


def sign(key: ec.EllipticCurvePrivateKey, timestamp: str, body: bytes) -> str:
    """The provider's signature: ECDSA with SHA-256 over timestamp and raw body, DER, base64."""
    return base64.b64encode(key.sign(timestamp.encode() + body, ec.ECDSA(hashes.SHA256()))).decode()


class Outbox(threading.Thread):
    """Posts the pending arrays of events, one after the other."""

    def __init__(self, store: Store, url: str, key: ec.EllipticCurvePrivateKey) -> None:
        super().__init__(name="outbox", daemon=True)
        self._store, self._url, self._key = store, url, key
        self._stopping = threading.Event()
        self._session = requests.Session()

    def run(self) -> None:
        """Until `stop`: deliver what is pending; wait longer after each failure."""
        wait = IDLE
        while not self._stopping.wait(wait):
            wait = IDLE
            while not self._stopping.is_set():
                done = self._deliver_one()
                if done is None:
                    break
                if not done:
                    wait = min(MAX_WAIT, 2**self._attempts * IDLE)
                    break

    def stop(self) -> None:
        """Finish the post under way and end."""
        self._stopping.set()
        self.join(timeout=15)

    _attempts = 0

    def _deliver_one(self) -> bool | None:
        """True: delivered; False: refused or unreachable; None: nothing to do."""
        with self._store.transaction() as db:
            row = db.execute(
                "SELECT seq, body FROM outbox WHERE delivered = 0 ORDER BY seq LIMIT 1"
            ).fetchone()
        if row is None:
            return None
        body, timestamp = row["body"].encode(), str(int(time.time()))
        headers = {
            "Content-Type": "application/json",
            "X-Twilio-Email-Event-Webhook-Signature": sign(self._key, timestamp, body),
            "X-Twilio-Email-Event-Webhook-Timestamp": timestamp,
        }
        try:
            accepted = self._session.post(self._url, data=body, headers=headers, timeout=10).ok
        except requests.RequestException as error:
            log.info("the webhook did not answer: %s", type(error).__name__)
            accepted = False
        self._attempts = 0 if accepted else self._attempts + 1
        with self._store.transaction() as db:
            db.execute(
                "UPDATE outbox SET attempts = attempts + 1, delivered = ? WHERE seq = ?",
                (accepted, row["seq"]),
            )
        return accepted
