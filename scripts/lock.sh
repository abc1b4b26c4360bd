#!/bin/sh
# Resolves the three lock files: hashes, no addresses. Needs uv on the path.
set -eu
compile() {
    uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
        --no-annotate --no-header --quiet "$@"
}
compile pyproject.toml --extra cpu -o requirements.lock
compile pyproject.toml --extra gpu -c requirements.lock -o requirements-gpu.lock
compile --group dev -c requirements.lock -o requirements-dev.lock
# What holds of every machine that these files are for is taken off each line: left on, it would
# make pip install nothing, without a word, on any other.
machine="platform_machine == 'x86_64' and platform_python_implementation == 'CPython' and sys_platform == 'linux'"
sed -i \
    -e "s/ ; python_full_version < '3.15' and $machine / /" \
    -e "s/ and python_full_version < '3.15' and $machine//" \
    -e "s/ and $machine//" \
    ./*.lock
