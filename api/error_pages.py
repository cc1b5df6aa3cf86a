"""A refusal is a sentence: JSON for programs, a page for people. Never a traceback."""

from __future__ import annotations

from typing import Any, Final

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException

from core.errors import HotlineError, NotSignedIn
from db.session import no_room

log = structlog.get_logger(__name__)

_SAYS: Final = {
    "missing": "这一项必填",
    "string_too_short": "至少填 {min_length} 个字",
    "string_too_long": "最多填 {max_length} 个字",
    "too_short": "至少选 {min_length} 项",
    "too_long": "最多选 {max_length} 项",
    "greater_than_equal": "不能小于 {ge}",
    "less_than_equal": "不能大于 {le}",
    "string_pattern_mismatch": "格式不对",
    "value_error": "{error}",
}
"""What a field's refusal is called where a person reads it; the library speaks English."""


class DiskFull(HotlineError):
    """服务器磁盘已满，没有保存。电话照常，请通知管理员清理磁盘，然后再试。"""

    code = "disk-full"
    status = 507


def install(app: FastAPI) -> None:
    """Answer our own errors, wrong input and the unexpected."""
    app.add_exception_handler(HotlineError, _ours)
    app.add_exception_handler(RequestValidationError, _wrong_input)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(DBAPIError, _database)
    app.add_exception_handler(Exception, _unexpected)


async def _ours(request: Request, error: Exception) -> Response:
    if not isinstance(error, HotlineError):
        return await _unexpected(request, error)
    if isinstance(error, NotSignedIn) and _wants_page(request):
        return RedirectResponse("/login", 303)
    body: dict[str, Any] = {"code": error.code, "message": error.message}
    told = {key: value if isinstance(value, str | int) else str(value) for key, value in error.told.items()}
    if "field" in told:
        body["field"] = told.pop("field")
    if told:
        body["facts"] = told
    if error.status >= 500:
        log.warning("request_failed", path=request.url.path, code=error.code, facts=told)
    elif told:
        log.info("request_refused", path=request.url.path, code=error.code, facts=told)
    return _answer(request, error.status, body)


async def _database(request: Request, error: Exception) -> Response:
    if not no_room(error):
        raise error
    return await _ours(request, DiskFull())


async def _wrong_input(request: Request, error: Exception) -> Response:
    first: Any = error.errors()[0] if isinstance(error, RequestValidationError) else {}
    field = ".".join(str(part) for part in first.get("loc", ())[1:])
    says = _SAYS.get(first.get("type", ""), "填写的内容有误").format(**first.get("ctx", {}))
    return _answer(request, 422, {"code": "invalid-field", "field": field, "message": says})


async def _http(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    words = {404: "没有这个页面。", 405: "不支持这种请求。"}
    return _answer(
        request, status, {"code": f"http-{status}", "message": words.get(status, "请求没有成功。")}
    )


async def _unexpected(request: Request, error: Exception) -> Response:
    log.error("request_crashed", path=request.url.path, exc_info=error)
    return _answer(request, 500, {"code": "hotline-error", "message": "系统内部错误，已记录。请重试。"})


def _answer(request: Request, status: int, body: dict[str, Any]) -> Response:
    if not _wants_page(request):
        return JSONResponse({"error": body}, status)
    from api.routes.pages import templates

    context = {"me": None, "csrf": "", "demo": False, "engine": None, "error": body, "status": status}
    return templates.TemplateResponse(request, "pages/error.html", context, status_code=status)


def _wants_page(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "") and not request.url.path.startswith("/api/")
