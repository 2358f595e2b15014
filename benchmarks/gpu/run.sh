#!/usr/bin/env bash
# The whole benchmark on a machine that has JAX and PyTorch for CUDA, but neither Keras nor
# TensorFlow: install what prepare.sh gathered, check, then measure. Results go to $OUT.
#
#   OUT=results DATA=mnist benchmarks/gpu/run.sh [check|kit|peers|quality|all]
#
# DATA is a folder with MNIST as IDX files, for the time to the tutorial's quality; without one, that
# is left out. SEEDS are those of its runs.
# SECONDS_A_RUN, MEASURES, SIZES, PEERS, PEER_SIZES, PAIRS and PRECISIONS change what is measured.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
tree="$(cd "$here/../.." && pwd)"
out="$(mkdir -p "${OUT:?set OUT to a folder for the results}" && cd "$OUT" && pwd)"
data="${DATA:+$(cd "$DATA" && pwd)}"
python="${PYTHON:-python3}"
what="${1:-all}"
seconds="${SECONDS_A_RUN:-2}"
precisions="${PRECISIONS:-float32 mixed_bfloat16}"
peers=()
if [ "$what" = quality ] && [ -z "$data" ]; then
  echo "run.sh: quality needs MNIST: set DATA to a folder with its IDX files." >&2
  exit 2
fi
for peer in ${PEERS:-}; do peers+=(--peer "$peer"); done

site="$(mktemp -d)"
trap 'rm -rf "$site"' EXIT
"$python" -m pip install --quiet --no-index --no-deps --no-compile --no-cache-dir \
  --target "$site" "$here"/.wheels/*.whl
export PYTHONPATH="$tree:$site${PYTHONPATH:+:$PYTHONPATH}"
VAEKIT_COMMIT="$(cat "$here/.wheels/commit")"
export VAEKIT_COMMIT KERAS_BACKEND=jax XLA_PYTHON_CLIENT_PREALLOCATE=false
cd "$tree"

"$python" benchmarks/gpu/check.py --out "$out/check.json"
for precision in $precisions; do
  asked=()
  [ "$precision" = float32 ] || asked=(--precision "$precision")
  if [ "$what" = kit ] || [ "$what" = all ]; then
    "$python" -m vaekit bench --backend jax "${asked[@]}" --seconds "$seconds" \
      --measure "${MEASURES:-training,encode,decode,sample,startup}" \
      --batch-sizes "${SIZES:-32,128,512,2048,8192}" --out "$out/kit-$precision.json"
  fi
  if [ "$what" = peers ] || [ "$what" = all ]; then
    "$python" benchmarks/bench_peers.py --backend jax --precision "$precision" "${peers[@]}" \
      --seconds "$seconds" --pairs "${PAIRS:-5}" --batch-sizes "${PEER_SIZES:-32,2048}" \
      --out "$out/peers-$precision.json"
  fi
done

if [ -n "$data" ] && { [ "$what" = quality ] || [ "$what" = all ]; }; then
  for recipe in fast tutorial; do
    "$python" benchmarks/time_to_quality.py "$data" --seeds "${SEEDS:-0}" \
      --out "$out/quality.json" -- --recipe "$recipe"
  done
fi
