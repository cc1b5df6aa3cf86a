"""Errors are sentences: the docstring is the message, beside a stable code and an HTTP status."""

from __future__ import annotations

import inspect
from typing import ClassVar


class HotlineError(Exception):
    """热线系统出现内部错误。"""

    code: ClassVar[str] = "hotline-error"
    status: ClassVar[int] = 500

    def __init__(self, **facts: object) -> None:
        self.facts = facts
        super().__init__(inspect.getdoc(type(self)) or self.code)

    @property
    def message(self) -> str:
        """The sentence a person reads: the `reason` written for this case, else the general one."""
        return str(self.facts.get("reason") or self.args[0])

    @property
    def told(self) -> dict[str, object]:
        """The facts beside the sentence, for programs and the log; nothing about people."""
        return {
            key: value
            for key, value in self.facts.items()
            if key not in ("reason", "what") and not key.startswith("pii_")
        }

    def __str__(self) -> str:
        """The sentence and its facts: for the log and an administrator's terminal."""
        shown = "；".join(f"{key}={value}" for key, value in self.told.items())
        return f"{self.message}（{shown}）" if shown else self.message


class IllegalTransition(HotlineError):
    """现在的状态下不能这样做，请看当前状态后再试。"""

    code = "illegal-transition"
    status = 409


class NotFound(HotlineError):
    """没有找到。"""

    code = "not-found"
    status = 404

    @property
    def message(self) -> str:
        """Names what was looked for, where `what` is given."""
        return f"没有找到{self.facts['what']}。" if "what" in self.facts else super().message


class NotSignedIn(HotlineError):
    """请先登录。"""

    code = "not-signed-in"
    status = 401


class Forbidden(HotlineError):
    """您的角色没有这项权限。"""

    code = "forbidden"
    status = 403


class BadCsrf(HotlineError):
    """页面已过期，请刷新后重试。"""

    code = "bad-csrf"
    status = 403


class BadCredentials(HotlineError):
    """账号或密码不正确。"""

    code = "bad-credentials"
    status = 401


class TooManyAttempts(HotlineError):
    """这里输错密码的次数太多，暂时不能登录：请稍后再试，或请班长在班长台解除。"""

    code = "too-many-attempts"
    status = 429


class InvalidField(HotlineError):
    """填写的内容有误。"""

    code = "invalid-field"
    status = 422


class SeatTaken(HotlineError):
    """这个坐席已有人使用。"""

    code = "seat-taken"
    status = 409


class NotAtSeat(HotlineError):
    """您还没有坐到任何坐席。"""

    code = "not-at-seat"
    status = 409


class KeyUsedOtherwise(HotlineError):
    """这次按键的编号先前已用于另一项操作，所以没有执行；请再按一次。"""

    code = "key-used-otherwise"
    status = 409


class SwitchboardUnavailable(HotlineError):
    """话务控制连接暂时中断；电话仍可接听。"""

    code = "switchboard-unavailable"
    status = 503


class ActionRefused(HotlineError):
    """交换机拒绝了这个操作。"""

    code = "action-refused"
    status = 502


class ActionTimedOut(HotlineError):
    """交换机没有在时限内答复。"""

    code = "action-timed-out"
    status = 504


class UnsafeHeader(HotlineError):
    """内容含有控制字符，不能发送给交换机。"""

    code = "unsafe-header"
    status = 422


class TranscriptionUnavailable(HotlineError):
    """语音转写未启用：没有安装语音模型。"""

    code = "transcription-unavailable"
    status = 503


class SetupIncomplete(HotlineError):
    """安装尚未完成，请先运行 make setup。"""

    code = "setup-incomplete"
    status = 503
