#!/usr/bin/env bash
# Gather the wheels that run.sh installs on a GPU machine without a network, into .wheels/ here.
#
#   benchmarks/gpu/prepare.sh [PYTHON_VERSION]    of that machine; 3.12 unless told
set -euo pipefail
cd "$(dirname "$0")"
version="${1:-3.12}"
rm -rf .wheels
mkdir .wheels

# pydantic-core must be the one that pydantic names, so let pip choose both by this machine's rules.
fetch() { python3 -m pip download --quiet --no-deps --only-binary=:all: --python-version "$version" \
  --implementation cp --platform manylinux_2_28_x86_64 --platform manylinux_2_27_x86_64 \
  --platform manylinux_2_17_x86_64 --platform manylinux2014_x86_64 \
  --platform manylinux1_x86_64 --dest .wheels "$@"; }

while read -r package; do
  case "$package" in
    '' | '#'* | pydantic-core*) ;;
    *) fetch "$package" ;;
  esac
done < packages.txt
core=$(unzip -p .wheels/pydantic-[0-9]*.whl '*/METADATA' |
  sed -n 's/^Requires-Dist: pydantic-core *(\{0,1\}==\([0-9.]*\).*/\1/p')
fetch "pydantic-core==$core"

# The kit itself, by whose entry points its own parts are found (its code comes from the tree), and a
# plugin with nets for latents that are maps.
python3 -m pip wheel --quiet --no-deps --wheel-dir .wheels ../.. ../../plugins/vaekit-resnet
# The tree may travel without its history.
git describe --always --dirty --abbrev=40 --exclude='*' > .wheels/commit
ls .wheels
