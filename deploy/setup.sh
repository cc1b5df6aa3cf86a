#!/usr/bin/env bash
# Brings a bare Debian 12 machine to where `.venv/bin/minsheng` runs: packages, Python, Node, bundle.
# Idempotent; each finished step leaves a stamp made from what it was built from.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '\033[1m[%s] %s\033[0m\n' "$(date +%H:%M:%S)" "$*"; }
die() { printf '\033[31m缺少:%s\033[0m\n' "$*" >&2; exit 1; }

packages=(mmdebstrap espeak-ng sox debian-archive-keyring)
[ "${1:-}" = "--tests" ] && packages+=(chromium fonts-noto-cjk postgresql libatomic1)  # the last for the browser driver

missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
# Debian's own Python comes without the part that makes environments
able() { python3.11 -c 'import ensurepip, venv' 2>/dev/null; }
if command -v python3.11 >/dev/null && ! able; then missing+=(python3.11-venv); fi
if [ ${#missing[@]} -gt 0 ]; then
  [ "$(id -u)" = 0 ] || die "Debian 软件包 ${missing[*]}。请以管理员身份运行:sudo apt-get install ${missing[*]}"
  say "安装 Debian 软件包:${missing[*]}"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

command -v python3.11 >/dev/null || die "Python 3.11(Debian 12:apt-get install python3.11 python3.11-venv)"
able || die "python3.11-venv(apt-get install python3.11-venv)"
command -v node >/dev/null || die "Node.js 20(https://nodejs.org;Debian 12 自带的 18 也可以:apt-get install nodejs npm)"
[ "$(node -p 'process.versions.node.split(".")[0]')" -ge 18 ] || die "Node.js 18 或更新(现为 $(node --version))"
command -v npm >/dev/null || die "npm(随 Node.js 安装)"

# pip's talk is shown when it fails, and only then
pip() {
  local said; said=$(mktemp)
  .venv/bin/python -m pip "$@" -q --disable-pip-version-check >"$said" 2>&1 || { cat "$said" >&2; rm -f "$said"; die "Python 软件包(没有装成,原因见上)"; }
  rm -f "$said"
}
stamp_of() { cat "$@" | sha256sum | cut -d' ' -f1; }
fresh() { [ -f "$1" ] && [ "$(cat "$1")" = "$2" ]; }

want=$(stamp_of requirements/dev.lock pyproject.toml; pwd)
if ! fresh .venv/.stamp "$want"; then
  say "建立 Python 环境(约 1 分钟)"
  # One that was cut short has a Python without pip, and would stay so
  .venv/bin/python -m pip --version >/dev/null 2>&1 || python3.11 -m venv --clear .venv
  pip install --require-hashes -r requirements/dev.lock
  pip install --no-deps --no-build-isolation -e .
  printf '%s' "$want" > .venv/.stamp
fi

want=$(stamp_of package-lock.json)
if ! fresh node_modules/.stamp "$want"; then
  say "安装浏览器端依赖"
  npm ci --no-audit --no-fund --no-update-notifier --loglevel=error
  printf '%s' "$want" > node_modules/.stamp
fi

want=$(find web -path web/static/dist -prune -o -type f -print0 | sort -z | xargs -0 cat | sha256sum | cut -d' ' -f1)$(stamp_of package-lock.json)
if ! fresh web/static/dist/.stamp "$want"; then
  say "打包网页"
  node web/build.mjs
  printf '%s' "$want" > web/static/dist/.stamp
fi
