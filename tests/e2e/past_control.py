"""An order to Asterisk past the control plane, as somebody with its secret could give it."""

from __future__ import annotations

import socket

from core.config import Settings


def order(settings: Settings, action: str, **headers: str) -> None:
    """Sign on to the control port, give one order, and see it taken."""
    ami = settings.ami
    login = {"Action": "Login", "Username": ami.act_user, "Secret": ami.act_secret.get_secret_value()}
    with (
        socket.create_connection((ami.host, ami.port), timeout=5) as link,
        link.makefile("rb") as answers,
    ):
        for said in (login, {"Action": action, **headers}):
            lines = [f"{key}: {value}" for key, value in said.items()]
            link.sendall("\r\n".join([*lines, "", ""]).encode())
            while not (line := answers.readline()).startswith(b"Response:"):
                assert line
            assert b"Success" in line
