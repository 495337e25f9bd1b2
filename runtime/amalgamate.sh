#!/bin/sh
# The library as one pair of files, ceras.h (for C and C++) and ceras.cpp, in a folder, without parts of it (sources.sh) where they
# are named: amalgamate.sh FOLDER [PART...]
#
#   g++ -std=c++17 -O3 -ffp-contract=off program.cpp ceras.cpp
set -eu
folder=${1:?a folder is to be given}
shift
cd "$(dirname "$0")"
sources=$(./sources.sh "$@")
mkdir -p "$folder"

# Prints files with their own includes in their place, each once; those named in `seen` are left out.
join() {
  awk -v files="$2" -v left_out="$1" '
    function folder_of(path) { return match(path, /.*\//) ? substr(path, 1, RLENGTH) : "" }
    function plain(path) {
      while (match(path, /[^\/.]+\/\.\.\//)) path = substr(path, 1, RSTART - 1) substr(path, RSTART + RLENGTH)
      return path
    }
    function exists(path,   line) { if ((getline line < path) < 0) return 0; close(path); return 1 }
    function emit(path,   line, name, lines, count, at) {
      if (seen[path]) return
      count = 0
      while ((getline line < path) > 0) {
        lines[++count] = line
        if (line ~ /^#ifndef .*_H(PP)?$/) seen[path] = 1  # without a guard it may come in again
      }
      close(path)
      for (at = 1; at <= count; ++at) {
        if (!match(lines[at], /^#include "/)) { print lines[at]; continue }
        name = lines[at]; gsub(/^#include "|".*$/, "", name)
        emit(exists(folder_of(path) name) ? plain(folder_of(path) name) : "include/" name)
      }
    }
    BEGIN {
      count = split(left_out, all, " "); for (at = 1; at <= count; ++at) seen[all[at]] = 1
      count = split(files, all, " "); for (at = 1; at <= count; ++at) emit(all[at])
    }'
}

headers="include/ceras/ceras.hpp include/ceras/vision.hpp"
{
  join "" include/ceras/ceras.h
  echo "#ifdef __cplusplus"
  join "" "$headers"
  echo "#endif"
} > "$folder/ceras.h.part"
{
  echo '#include "ceras.h"'
  join "include/ceras/ceras.h $headers" "$(echo $sources)"
} > "$folder/ceras.cpp.part"
mv "$folder/ceras.h.part" "$folder/ceras.h"
mv "$folder/ceras.cpp.part" "$folder/ceras.cpp"
