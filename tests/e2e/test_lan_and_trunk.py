"""What a real installation adds to the demo: encryption on a LAN, and a trunk that we register at."""

from __future__ import annotations

import re
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from websockets.sync.client import connect

from core.config import Mode, load_settings
from core.errors import SetupIncomplete
from ops import setup_steps
from ops.doctor import examine
from ops.instance import change_settings, free_port_block
from ops.supervisor import Supervisor
from telephony.asterisk_config import render
from telephony.asterisk_runtime import AsteriskProcess
from tests.e2e.hotline import wait_for
from tests.e2e.instances import aside, begin

LAN = "127.0.0.3"


def quiet(_line: str) -> None:
    """Nothing."""


def test_pages_and_telephones_are_encrypted_on_a_lan(tmp_path: Path) -> None:
    folder = tmp_path / "lan"
    aside(setup_steps.prepare, folder, quiet, mode=Mode.PRODUCTION, free_ports=True)
    change_settings(folder, {"asterisk": {"https_port": free_port_block(1)[0]}})
    setup_steps.serve_lan(folder, f"{LAN}/29")
    settings = aside(setup_steps.prepare, folder, quiet).settings
    assert Path(settings.web.tls_key).stat().st_mode & 0o077 == 0
    trusted = ssl.create_default_context(cafile=settings.web.tls_cert)
    supervisor = Supervisor(settings, quiet)
    supervisor.start()
    try:
        assert supervisor.wait_ready(120)
        answer = httpx.get(f"https://{LAN}:{settings.web.port}/login", verify=trusted)
        assert answer.status_code == 200
        looked = {one.what: one.ok for one in aside(examine, settings)}
        assert looked["网页服务"]
        assert looked["Asterisk 在运行"]
        assert "127.0.0.0/29" in (settings.asterisk_dir / "etc" / "pjsip.conf").read_text()
        address = f"wss://{LAN}:{settings.asterisk.https_port}/ws"
        with connect(address, ssl=trusted, subprotocols=["sip"]) as telephone:  # type: ignore[list-item]
            assert telephone.subprotocol == "sip"
    finally:
        supervisor.stop()
    first = Path(settings.web.tls_cert).read_bytes()
    setup_steps.serve_lan(folder, LAN)
    assert Path(settings.web.tls_cert).read_bytes() == first


def test_what_is_no_network_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(SetupIncomplete, match="setup"):
        setup_steps.serve_lan(tmp_path / "lan", "192.0.2.10/240", mode=Mode.PRODUCTION)


def test_a_demo_is_not_offered_to_the_lan(tmp_path: Path) -> None:
    with pytest.raises(SetupIncomplete):
        setup_steps.serve_lan(tmp_path / "demo", LAN)


class Registrar:
    """A carrier that wants a password: challenges once, then takes the registration and notes it."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.2", 0))
        self._socket.settimeout(0.2)
        self.address = f"127.0.0.2:{self._socket.getsockname()[1]}"
        self.authorised: list[str] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self) -> None:
        self._over.set()
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while not self._over.is_set():
            try:
                data, peer = self._socket.recvfrom(65536)
            except TimeoutError:
                continue
            text = data.decode()
            if text.startswith("REGISTER"):
                self._socket.sendto(self._answer(text).encode(), peer)

    def _answer(self, text: str) -> str:
        same = [line for line in text.split("\r\n") if re.match(r"(Via|From|To|Call-ID|CSeq):", line)]
        proof = re.search(r"^Authorization: (.*)$", text, re.MULTILINE)
        if proof is None:
            challenge = 'WWW-Authenticate: Digest realm="carrier", nonce="abc123", algorithm=MD5'
            lines = ["SIP/2.0 401 Unauthorized", *same, challenge]
        else:
            self.authorised.append(proof.group(1))
            contact = re.search(r"^Contact: .*$", text, re.MULTILINE)
            lines = ["SIP/2.0 200 OK", *same, contact.group(0).strip() if contact else "", "Expires: 300"]
        return "\r\n".join([*lines, "Content-Length: 0", "", ""])


@pytest.fixture
def registrar() -> Iterator[Registrar]:
    made = Registrar()
    yield made
    made.close()


def test_a_trunk_is_registered_at_with_its_password(registrar: Registrar, tmp_path: Path) -> None:
    folder = begin(tmp_path / "registered")
    aside(setup_steps.prepare, folder, quiet, free_ports=True)
    trunk = {
        "kind": "registration",
        "server": registrar.address,
        "username": "fj56564444",
        "password": "s3cret",
    }
    change_settings(folder, {"asterisk": {"trunk": trunk}})
    settings = load_settings(folder)
    render(settings)
    asterisk = AsteriskProcess(settings)
    asterisk.start()
    try:
        proof = wait_for("the registration", lambda: registrar.authorised)[0]
        assert 'username="fj56564444"' in proof
        wait_for("Asterisk to know it", lambda: "Registered" in asterisk.rx("pjsip show registrations"))
    finally:
        asterisk.stop()
