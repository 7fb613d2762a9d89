# What ./serve, ./test, ./check and tools/lock share: a private environment in the checkout,
# installed from a hash-pinned requirement file. Sourced from the top of the checkout.
#
#   fetch_uv                     sets UV to the installer, fetched into .uv if it is missing
#   environment DIR FILE PROJECT...
#                                makes DIR hold exactly what FILE says, and the projects in
#                                editable form; does nothing if that is so already

say() { echo "ostiary: $*" >&2; }

find_python() { # sets PYTHON to the first interpreter that is new enough
  for candidate in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      PYTHON=$candidate
      return
    fi
  done
  say "Python 3.11 or newer is needed. On Debian 12 or Ubuntu 24.04: apt install python3 python3-venv"
  exit 1
}

fetch_uv() {
  UV=$PWD/.uv/bin/uv
  # a home that cannot be written to has no cache
  [ -w "${HOME:-/nonexistent}" ] || export UV_CACHE_DIR="${UV_CACHE_DIR:-$PWD/.uv/cache}"
  if [ -f .uv/done ] && cmp -s requirements/uv.txt .uv/done && "$UV" --version >/dev/null 2>&1; then
    return
  fi
  find_python
  say "fetching the installer (uv) into .uv"
  rm -rf .uv
  if ! "$PYTHON" -m venv .uv >/dev/null 2>&1; then
    rm -rf .uv
    say "this Python cannot make environments. On Debian or Ubuntu: apt install python3-venv"
    exit 1
  fi
  .uv/bin/python -m pip install -q --disable-pip-version-check --require-hashes \
    -r requirements/uv.txt >&2
  cp requirements/uv.txt .uv/done
}

describe() { # what an environment was made from; any difference makes it again
  pwd -P
  cat "$@"
}

install() { # install DIR FILE PROJECT...
  dir=$1 file=$2
  shift 2
  fetch_uv
  find_python
  # made anew if it is missing, of another checkout, or of a Python that is gone
  if [ "$(head -n 1 "$dir/.made-from" 2>/dev/null)" != "$(pwd -P)" ] ||
    ! "$dir/bin/python" -c '' 2>/dev/null; then
    "$PYTHON" -m venv --clear --without-pip "$dir"
  fi
  rm -f "$dir/.made-from"
  say "installing $file into $dir"
  if ! said=$("$UV" pip sync -q --python "$dir/bin/python" --require-hashes "$file" 2>&1); then
    # only pip may be configured for the network here; the file is complete, so it asks for nothing else
    say "uv found no way to the packages; pip tries, which is slower"
    .uv/bin/python -m pip --python "$dir/bin/python" install -q --disable-pip-version-check \
      --no-deps --require-hashes -r "$file" >&2 || {
      say "nor could pip; uv said: $said"
      exit 1
    }
  fi
  editable=
  for project; do editable="$editable -e $project"; done
  # shellcheck disable=SC2086  # one word for each project
  "$UV" pip install -q --python "$dir/bin/python" --no-deps --no-build-isolation \
    $editable >&2
}

environment() ( # environment DIR FILE PROJECT...
  dir=$1 file=$2
  shift 2
  made_from="$file"
  for project; do made_from="$made_from $project/pyproject.toml"; done
  current() { # shellcheck disable=SC2086
    [ -x "$dir/bin/python" ] && describe $made_from | cmp -s - "$dir/.made-from"
  }
  current && exit 0
  # two at once: the second waits, and finds the work done
  if command -v flock >/dev/null; then
    exec 9>.setup.lock
    flock 9
    current && exit 0
  fi
  install "$dir" "$file" "$@"
  # shellcheck disable=SC2086
  describe $made_from >"$dir/.made-from"
)
