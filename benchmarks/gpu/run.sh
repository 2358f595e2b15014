#!/usr/bin/env bash
# The whole benchmark on a machine that has JAX and PyTorch for CUDA, but neither Keras nor
# TensorFlow: install what prepare.sh gathered, check, then measure. Results go to $OUT.
#
#   OUT=results DATA=mnist benchmarks/gpu/run.sh [check|kit|variants|peers|quality|all]
#
# DATA is a folder with MNIST as IDX files, for the time to the tutorial's quality; without one, that
# is left out. SEEDS are those of its runs.
# SECONDS_A_RUN, MEASURES, SIZES, VARIANTS, VARIANT_SIZE, PEERS, PEER_SIZES, PAIRS and PRECISIONS
# change what is measured.
# CHECK_ON_CPU=1 rehearses it all without a GPU.
#
# Nothing is measured on a device that the check refuses. After it, a part that fails doesn't keep
# the others from being measured; all that failed are named at the end, and the exit status is 1.
set -euo pipefail

refuse() {
  echo "run.sh: $1" >&2
  exit 2
}

what="${1:-all}"
[ $# -le 1 ] || refuse "it takes one word, not $#: check, kit, variants, peers, quality or all."
case "$what" in
  check | kit | variants | peers | quality | all) ;;
  *) refuse "there is no part '$what': say check, kit, variants, peers, quality or all." ;;
esac
here="$(cd "$(dirname "$0")" && pwd)"
tree="$(cd "$here/../.." && pwd)"
[ -n "${OUT:-}" ] || refuse "set OUT to a folder for the results."
[ -z "${DATA:-}" ] || [ -d "$DATA" ] || refuse "DATA is $DATA, and there is no such folder."
[ "$what" != quality ] || [ -n "${DATA:-}" ] ||
  refuse "quality needs MNIST: set DATA to a folder with its IDX files."
if ! compgen -G "$here/.wheels/*.whl" > /dev/null || [ ! -f "$here/.wheels/commit" ]; then
  refuse "there are no wheels in $here/.wheels: run prepare.sh first, where there is a network."
fi
out="$(mkdir -p "$OUT" && cd "$OUT" && pwd)" || refuse "OUT is $OUT, and no folder can be made there."
data="${DATA:+$(cd "$DATA" && pwd)}"
python="${PYTHON:-python3}"
seconds="${SECONDS_A_RUN:-2}"
precisions="${PRECISIONS:-float32 mixed_bfloat16}"
peers=()
for peer in ${PEERS:-}; do peers+=(--peer "$peer"); done
variants=()
for variant in ${VARIANTS:-}; do variants+=(--variant "$variant"); done

site="$(mktemp -d)"
trap 'rm -rf "$site"' EXIT
"$python" -m pip install --quiet --no-index --no-deps --no-compile --no-cache-dir \
  --target "$site" "$here"/.wheels/*.whl || {
  echo "run.sh: pip can't install what is in $here/.wheels for $("$python" --version)." >&2
  exit 1
}
export PYTHONPATH="$tree:$site${PYTHONPATH:+:$PYTHONPATH}"
VAEKIT_COMMIT="$(cat "$here/.wheels/commit")"
export VAEKIT_COMMIT KERAS_BACKEND=jax XLA_PYTHON_CLIENT_PREALLOCATE=false
cd "$tree"

failed=()
# A part by its name and its command.
part() {
  echo "== $1"
  "${@:2}" || failed+=("$1")
}

asked() { [ "$what" = "$1" ] || [ "$what" = all ]; }

# A speed of wrong numbers is worth nothing.
"$python" benchmarks/gpu/check.py --out "$out/check.json" || {
  echo "run.sh: the check failed, so nothing was measured." >&2
  exit 1
}
# float32 of everything comes before the next precision of anything: a call may be cut.
for precision in $precisions; do
  given=()
  [ "$precision" = float32 ] || given=(--precision "$precision")
  if asked kit; then
    part "kit in $precision" "$python" -m vaekit bench --backend jax "${given[@]}" \
      --seconds "$seconds" --measure "${MEASURES:-training,encode,decode,sample,startup}" \
      --batch-sizes "${SIZES:-32,128,512,2048,8192}" --out "$out/kit-$precision.json"
  fi
  if asked variants; then
    part "variants in $precision" "$python" benchmarks/gpu/variants.py --precision "$precision" \
      "${variants[@]}" --seconds "$seconds" --batch-size "${VARIANT_SIZE:-128}" \
      --out "$out/variants-$precision.json"
  fi
  if asked peers; then
    part "peers in $precision" "$python" benchmarks/bench_peers.py --backend jax \
      --precision "$precision" "${peers[@]}" --seconds "$seconds" --pairs "${PAIRS:-5}" \
      --batch-sizes "${PEER_SIZES:-32,2048}" --out "$out/peers-$precision.json"
  fi
done

if [ -n "$data" ] && asked quality; then
  for recipe in fast tutorial; do
    part "quality by $recipe" "$python" benchmarks/time_to_quality.py "$data" \
      --seeds "${SEEDS:-0}" --out "$out/quality.json" -- --recipe "$recipe"
  done
fi

if [ ${#failed[@]} -gt 0 ]; then
  printf -v names '%s, ' "${failed[@]}"
  echo "run.sh: failed: ${names%, }. What the others measured is in $out." >&2
  exit 1
fi
