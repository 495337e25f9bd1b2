#!/bin/sh
# The library's sources, without parts that a program does not need: sources.sh [float] [images] [vectors]
#
#   float    layers in float, and layers in two forms: the integer form runs
#   images   task files, images and boxes
#   vectors  kernels for instruction sets with vectors: the portable ones run
set -eu
cd "$(dirname "$0")"
for part in "$@"; do
  case $part in
    float | images | vectors) ;;
    *) echo "sources.sh: \"$part\" is no part of the library; float, images and vectors are" >&2; exit 2 ;;
  esac
done
left_out() {
  for part in $parts; do [ "$part" = "$1" ] && return 0; done
  return 1
}
parts=$*
echo src/*.cpp
if left_out float; then echo src/without/float.cpp; else echo src/float/*.cpp; fi
left_out images || echo src/vision/*.cpp
if left_out vectors; then echo src/without/vectors.cpp src/kernels/portable.cpp; else echo src/kernels/*.cpp; fi
