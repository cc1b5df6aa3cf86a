"""One SIP phone in a process of its own (pjsua2 wants its own loop): JSON lines in, JSON lines out.

The first line configures it; then `{"do": "call", "uri": …}`, `answer`, `hangup`, `dtmf`, `quit`.
It answers with `{"event": …, "t": seconds}`, `t` being this machine's monotonic clock.
"""

from __future__ import annotations

import importlib
import json
import os
import queue
import sys
import threading
import time
from typing import Any

# pjsua2 is a SWIG wrapper without types; this file is the only one that knows it.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# pyright: reportUntypedBaseClass=false, reportUnknownParameterType=false, reportMissingParameterType=false
pj: Any = importlib.import_module("pjsua2")


# The library prints to standard output before it can be told not to: keep the real one for ourselves
_out = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)


def tell(event: str, **facts: Any) -> None:
    """One event, as a line."""
    _out.write(json.dumps({"event": event, "t": time.monotonic(), **facts}) + "\n")
    _out.flush()


class Call(pj.Call):
    """The one call of this phone."""

    def __init__(self, account: Account, call_id: int = pj.PJSUA_INVALID_ID) -> None:
        super().__init__(account, call_id)
        self._phone = account.phone

    def onCallState(self, prm) -> None:
        """Say what became of it."""
        info = self.getInfo()
        tell("state", state=info.stateText, code=info.lastStatusCode)
        if info.state == pj.PJSIP_INV_STATE_DISCONNECTED:
            self._phone.forget(self)

    def onCallMediaState(self, prm) -> None:
        """Join the WAV files to the call's sound."""
        # The list belongs to the info object: without a name of its own it would be freed under us
        info = self.getInfo()
        for index, media in enumerate(info.media):
            if media.type == pj.PJMEDIA_TYPE_AUDIO and media.status == pj.PJSUA_CALL_MEDIA_ACTIVE:
                self._phone.connect(self.getAudioMedia(index))
                tell("media")


class Account(pj.Account):
    """Registered as a seat, or just a name that calls."""

    def __init__(self, phone: Phone) -> None:
        super().__init__()
        self.phone = phone
        self.registered = self.leaves = False

    def onRegState(self, prm) -> None:
        """Say whether the registrar took us, or that it let us go."""
        self.registered = prm.code == 200 and prm.expiration > 0
        tell("registered" if self.registered or not self.leaves else "signed_off", code=prm.code)

    def onIncomingCall(self, prm) -> None:
        """Ring, and answer if told to."""
        self.phone.incoming(Call(self, prm.callId), prm.rdata.wholeMsg)


class Phone:
    """Endpoint, account, at most one call, one file to play and one to record to."""

    def __init__(self, config: dict[str, Any]) -> None:
        self._config = config
        self._call: Call | None = None
        self._ended: list[Call] = []
        self._keys_at: float | None = None
        self._player: Any = None
        self._recorder: Any = None
        self.endpoint = pj.Endpoint()
        self._start()
        self._account = Account(self)
        self._account.create(self._account_config())
        tell("ready")

    def _start(self) -> None:
        self.endpoint.libCreate()
        config = pj.EpConfig()
        config.uaConfig.threadCnt = 0
        config.uaConfig.mainThreadOnly = True
        config.logConfig.level = 0
        config.logConfig.consoleLevel = 0
        config.medConfig.clockRate = 16000
        config.medConfig.sndClockRate = 16000
        config.medConfig.noVad = True
        config.medConfig.ecTailLen = 0
        self.endpoint.libInit(config)
        transport = pj.TransportConfig()
        transport.port = self._config.get("port", 0)
        transport.boundAddress = self._config["address"]
        transport.publicAddress = self._config["address"]
        self.endpoint.transportCreate(pj.PJSIP_TRANSPORT_UDP, transport)
        self.endpoint.libStart()
        self.endpoint.audDevManager().setNullDev()
        for codec in self._config.get("codecs_off", ()):
            self.endpoint.codecSetPriority(codec, 0)

    def _account_config(self) -> Any:
        config = pj.AccountConfig()
        config.idUri = self._config["uri"]
        config.mediaConfig.transportConfig.boundAddress = self._config["address"]
        if self._config.get("registrar"):
            config.regConfig.registrarUri = self._config["registrar"]
            config.regConfig.timeoutSec = 60
            user, password = self._config["user"], self._config["password"]
            config.sipConfig.authCreds.append(pj.AuthCredInfo("digest", "*", user, 0, password))
        return config

    def connect(self, sound: Any) -> None:
        """Play into and record from a call's sound."""
        if self._config.get("keys") and self._keys_at is None:
            self._keys_at = time.monotonic() + 0.2  # a key pressed before the sound stands is not heard
        if self._config.get("play"):
            self._player = pj.AudioMediaPlayer()
            self._player.createPlayer(
                self._config["play"], 0 if self._config.get("loop") else pj.PJMEDIA_FILE_NO_LOOP
            )
            self._player.startTransmit(sound)
        if self._config.get("record") and self._recorder is None:
            self._recorder = pj.AudioMediaRecorder()
            self._recorder.createRecorder(self._config["record"])
        if self._recorder is not None:
            sound.startTransmit(self._recorder)

    def incoming(self, call: Call, message: str) -> None:
        """Ring; answer at once if configured."""
        if self._call is not None:
            self._ended.append(call)
            call.answer(self._parameter(486))
            return
        self._call = call
        headers = {
            name.strip(): value.strip()
            for name, _, value in (line.partition(":") for line in message.split("\r\n"))
            if name.startswith("X-Minsheng") or name == "From"
        }
        tell("incoming", headers=headers)
        if self._config.get("refuse"):
            call.answer(self._parameter(self._config["refuse"]))
            return
        call.answer(self._parameter(180))
        if self._config.get("auto_answer"):
            call.answer(self._parameter(200))

    def forget(self, call: Call) -> None:
        """The call is over; keep the object until the loop is out of its callback."""
        self._ended.append(call)
        if call is self._call:
            self._call, self._keys_at = None, None

    def do(self, order: dict[str, Any]) -> None:
        """Carry out one order."""
        name = order["do"]
        if name == "call":
            self._call = Call(self._account)
            self._call.makeCall(order["uri"], self._parameter(0))
        elif self._call is None:
            tell("refused", do=name, reason="no call")
        elif name == "answer":
            self._call.answer(self._parameter(order.get("code", 200)))
        elif name == "hangup":
            self._call.hangup(self._parameter(0))
        elif name == "dtmf":
            self._call.dialDtmf(order["digits"])
        elif name == "describe":
            tell("description", call=self._call.dump(True, ""), ports=self._ports())

    def _ports(self) -> list[str]:
        """Each port of the sound bridge, its levels and whom it plays to."""
        found = []
        for port in self.endpoint.mediaEnumPorts2():
            about = port.getPortInfo()
            found.append(
                f"{about.portId} {about.name} rx {port.getRxLevel()} tx {port.getTxLevel()}"
                f" to {list(about.listeners)}"
            )
        return found

    def clean(self) -> None:
        """Let go of ended calls, outside their own callbacks; press the keys that are due."""
        self._ended.clear()
        if self._call is not None and self._keys_at is not None and time.monotonic() > self._keys_at:
            self._press()

    def _press(self) -> None:
        if self._call is None:
            return
        self._keys_at = float("inf")
        try:
            self._call.dialDtmf(self._config["keys"])
            tell("pressed", keys=self._config["keys"])
        except pj.Error as error:
            tell("failed", do="keys", reason=error.info())
            self._keys_at = time.monotonic() + 0.2

    def close(self) -> None:
        """Everything away before the library."""
        self.endpoint.hangupAllCalls()
        for _ in range(20):
            self.endpoint.libHandleEvents(10)
        self._call = self._player = self._recorder = None
        self._ended.clear()
        self._sign_off()
        self._account.shutdown()
        # Everything has been said by now: the library would sit for a second more
        self.endpoint.libDestroy(pj.PJSUA_DESTROY_NO_NETWORK)

    def _sign_off(self) -> None:
        """Until the registrar has let us go; not for ever, it may be dead."""
        if not self._account.registered:
            return
        self._account.leaves = True
        self._account.setRegistration(False)
        for _ in range(200):
            if not self._account.registered:
                return
            self.endpoint.libHandleEvents(10)

    @staticmethod
    def _parameter(code: int) -> Any:
        parameter = pj.CallOpParam(True)
        parameter.statusCode = code
        return parameter


def main() -> None:
    """Run until told to quit or until standard input closes."""
    orders: queue.Queue[dict[str, Any] | None] = queue.Queue()
    phone = Phone(json.loads(sys.stdin.readline()))

    def read() -> None:
        for line in sys.stdin:
            orders.put(json.loads(line))
        orders.put(None)

    threading.Thread(target=read, daemon=True).start()
    while True:
        phone.endpoint.libHandleEvents(10)
        phone.clean()
        try:
            order = orders.get_nowait()
        except queue.Empty:
            continue
        if order is None or order["do"] == "quit":
            break
        try:
            phone.do(order)
        except pj.Error as error:
            tell("failed", do=order["do"], reason=error.info())
    phone.close()


if __name__ == "__main__":
    main()
