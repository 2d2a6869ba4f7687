#!/usr/bin/env bash
# Makes a machine able to build modelspider, then runs a command:
#
#   ./emsdk-env.sh [--with demo|tests|sets|all]… [--quiet] [COMMAND [ARGUMENT]…]
#
# It installs what is missing (Debian packages, npm packages, the source of cJSON) and nothing else;
# when nothing is missing it takes a fraction of a second. --with demo adds the pictures of the
# sample tasks, --with tests the compilers, the browsers and the data of the tests, --with sets the
# pictures of the collection that zoo/sets writes; npm's scripts ask for them themselves. The command
# sees EMSCRIPTEN_ROOT, NODE_PATH where Debian's Emscripten needs it, and CMake builds on all cores.
# An activated emsdk (EMSDK) or EMSCRIPTEN_ROOT goes before Debian's package.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly root
readonly log=$root/build/emsdk-env.log

# cJSON 1.7.15, the release as its authors and the distribution publish it.
readonly cjson_hash=5308fd4bd90cef7aa060558514de6a1a4a0819974a26e6ed13973c5f624c24b2
readonly cjson_archive=$root/build/cjson-1.7.15.tar.gz
readonly cjson_release=https://github.com/DaveGamble/cJSON/archive/refs/tags/v1.7.15.tar.gz

build_packages=(cmake make)
demo_packages=(tuxpaint-stamps-default dataset-fashion-mnist)
tests_packages=(gcc libc6-dev clang libclang-rt-dev clang-format shellcheck pkgconf libsimde-dev
  libonnx-testdata chromium snakemake "${demo_packages[@]}")
# Where apt does not know it, its tests are skipped.
browser_package=firefox-esr
sets_packages=(tuxpaint-stamps-default openclipart-png wesnoth-1.16-data fonts-noto-core)

quiet=false

say() {
  [[ $quiet == true ]] || printf 'emsdk-env: %s\n' "$*" >&2
}

die() {
  printf 'emsdk-env: %s\n' "$@" >&2
  exit 1
}

# Runs a command with its output in the log; shows the log's end if it fails.
logged() {
  printf '+ %s\n' "$*" >>"$log"
  if ! "$@" >>"$log" 2>&1 </dev/null; then
    tail -n 15 "$log" >&2
    return 1
  fi
}

check_node() {
  local version
  command -v node >/dev/null || die 'Node.js 20 or newer is needed, and node is not in the PATH.'
  version=$(node --version)
  version=${version#v}
  ((${version%%.*} >= 20)) || die "Node.js 20 or newer is needed; node is version $version."
  command -v npm >/dev/null || die 'npm is needed, and it is not in the PATH.'
}

# ---- Emscripten ---------------------------------------------------------------------------------

has_toolchain() {
  [[ -f $1/cmake/Modules/Platform/Emscripten.cmake ]]
}

# Sets EMSCRIPTEN_ROOT from the environment, if there is an Emscripten in it.
find_emscripten() {
  if [[ -n ${EMSCRIPTEN_ROOT:-} ]]; then
    has_toolchain "$EMSCRIPTEN_ROOT" ||
      die "EMSCRIPTEN_ROOT is $EMSCRIPTEN_ROOT, which holds no Emscripten."
  elif [[ -n ${EMSDK:-} ]]; then
    EMSCRIPTEN_ROOT=$EMSDK/upstream/emscripten
    has_toolchain "$EMSCRIPTEN_ROOT" ||
      die "EMSDK is $EMSDK, but no version is installed there: run emsdk install and activate."
  else
    return 1
  fi
}

use_debian_emscripten() {
  EMSCRIPTEN_ROOT=/usr/share/emscripten
  has_toolchain "$EMSCRIPTEN_ROOT" ||
    die "Debian's emscripten is installed, but holds no CMake toolchain file."
  # Its linker step needs Debian's acorn.
  export NODE_PATH=/usr/share/nodejs${NODE_PATH:+:$NODE_PATH}
}

# ---- Debian packages ----------------------------------------------------------------------------

# Prints those of its arguments that are not installed, one a line.
missing_packages() {
  local package
  for package in "$@"; do
    [[ $(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null) == installed ]] ||
      printf '%s\n' "$package"
  done
}

# Runs apt-get as root.
apt_as_root() {
  local -a command=(apt-get "$@")
  if ((EUID == 0)); then
    DEBIAN_FRONTEND=noninteractive logged "${command[@]}"
  else
    logged sudo -n env DEBIAN_FRONTEND=noninteractive "${command[@]}"
  fi
}

# Fetches the package lists, unless that was done within the last hour.
update_lists() {
  local lists=/var/lib/apt/lists
  if [[ -z $(find "$lists" -maxdepth 1 -name '*Packages*' -print -quit) ||
    -z $(find "$lists" "$lists/partial" -maxdepth 0 -mmin -60) ]]; then
    say 'apt-get update'
    apt_as_root update || die "apt-get update failed; $log has all of it."
  fi
}

ensure_packages() {
  local -a missing
  mapfile -t missing < <(missing_packages "$@")
  ((${#missing[@]} > 0)) || return 0
  local line="apt-get install --no-install-recommends ${missing[*]}"
  command -v apt-get >/dev/null ||
    die 'This is no Debian machine. Install what these packages hold, then try again:' \
      "  ${missing[*]}"
  if ((EUID != 0)) && ! { command -v sudo >/dev/null && sudo -v 2>/dev/null; }; then
    die 'Packages are missing, and this user may not install any. Run as root:' "  $line"
  fi
  update_lists
  say "$line"
  apt_as_root install -y --no-install-recommends "${missing[@]}" ||
    die "apt-get install failed; $log has all of it."
}

ensure_browser() {
  if [[ -n $(missing_packages "$browser_package") ]] &&
    apt-cache show "$browser_package" >/dev/null 2>&1; then
    ensure_packages "$browser_package"
  fi
}

# ---- cJSON --------------------------------------------------------------------------------------

# Prints where apt's configuration names the distribution's own archive, FILE:NUMBER a line: the
# paragraph of a .sources file, the line of a .list. Where apt has no lists yet, and so does not
# know whose archive is whose, all of it: FILE:*.
source_entries() {
  local entries file
  # shellcheck disable=SC2016 # apt-get replaces these
  entries=$(apt-get indextargets --format '$(ORIGIN) $(COMPONENT) $(RELEASE) $(SOURCESENTRY)' \
    'Created-By: Packages' |
    awk '$1 ~ /^(Debian|Ubuntu)$/ && $2 ~ /^(main|universe)$/ && $3 !~ /-/ { print $4 }' | sort -u)
  if [[ -n $entries ]]; then
    printf '%s\n' "$entries"
  else
    for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.{list,sources}; do
      [[ ! -f $file ]] || printf '%s:*\n' "$file"
    done
  fi
}

# Writes those entries as deb-src entries into a folder, so that apt's own configuration stays as it
# is.
write_source_entries() {
  local folder=$1 entry file number
  while read -r entry; do
    file=${entry%:*}
    number=${entry##*:}
    if [[ $file == *.sources ]]; then
      sed '/^#/d' "$file" |
        awk -v RS= -v wanted="$number" 'wanted == "*" || NR == wanted { print $0 "\n" }' |
        sed 's/^Types:.*/Types: deb-src/' >>"$folder/modelspider.sources"
    else
      sed -n "${number#\*}s/^ *deb /deb-src /p" "$file" >>"$folder/modelspider.list"
    fi
  done < <(source_entries)
}

cjson_from_apt() {
  command -v apt-get >/dev/null || return 1
  local folder=$root/build/apt status=1
  rm -rf "$folder"
  mkdir -p "$folder"/{parts,lists/partial,cache/archives/partial,download}
  write_source_entries "$folder/parts"
  local -a options=(-o "Dir::Etc::sourcelist=/dev/null" -o "Dir::Etc::sourceparts=$folder/parts"
    -o "Dir::State::lists=$folder/lists" -o "Dir::Cache=$folder/cache")
  say "the source of cJSON, from the distribution's source packages"
  if logged apt-get "${options[@]}" update &&
    (cd "$folder/download" && logged apt-get "${options[@]}" source --download-only cjson) &&
    mv "$folder"/download/cjson_*.orig.tar.gz "$cjson_archive"; then
    status=0
  fi
  rm -rf "$folder"
  return $status
}

cjson_from_release() {
  say 'the source of cJSON, from its authors'
  if command -v curl >/dev/null; then
    logged curl --fail --silent --show-error --location --max-time 60 --output "$cjson_archive" \
      "$cjson_release"
  else
    logged wget --quiet --timeout=60 --output-document="$cjson_archive" "$cjson_release"
  fi
}

has_cjson_archive() {
  [[ -f $cjson_archive ]] && sha256sum --check --status <<<"$cjson_hash  $cjson_archive"
}

ensure_cjson() {
  local folder=$root/build/cjson
  if [[ -f $folder/cJSON.c && -f $folder/cJSON.h && -f $folder/LICENSE ]]; then
    return
  fi
  if ! has_cjson_archive; then
    cjson_from_apt || cjson_from_release || true
    has_cjson_archive ||
      die 'The source of cJSON 1.7.15 could not be had. Put its release archive, with the SHA-256' \
        "  $cjson_hash" "at $cjson_archive and try again."
  fi
  rm -rf "$folder.part" "$folder"
  mkdir -p "$folder.part"
  tar -xzf "$cjson_archive" -C "$folder.part" --no-same-owner --strip-components=1 --wildcards \
    '*/cJSON.c' '*/cJSON.h' '*/LICENSE'
  mv "$folder.part" "$folder"
}

# ---- npm packages -------------------------------------------------------------------------------

ensure_npm_packages() {
  local stamp=$root/node_modules/.modelspider-lock lock_hash
  lock_hash=$(sha256sum <"$root/package-lock.json")
  if [[ -f $stamp && $(<"$stamp") == "$lock_hash" ]]; then
    return
  fi
  if [[ -L $root/node_modules ]]; then
    say 'node_modules is a link, and stays as it is'
    return
  fi
  say 'npm ci'
  (cd "$root" && logged npm ci --ignore-scripts --no-audit --no-fund) ||
    die "npm ci failed; $log has all of it."
  printf '%s\n' "$lock_hash" >"$stamp"
}

# ---- Main ---------------------------------------------------------------------------------------

main() {
  local -a packages=("${build_packages[@]}")
  local browser=false
  while (($# > 0)); do
    case $1 in
      --with=*) set -- --with "${1#*=}" "${@:2}" ;;
      --with)
        case ${2:-} in
          demo) packages+=("${demo_packages[@]}") ;;
          tests) packages+=("${tests_packages[@]}") && browser=true ;;
          sets) packages+=("${sets_packages[@]}") ;;
          all) packages+=("${tests_packages[@]}" "${sets_packages[@]}") && browser=true ;;
          *) die '--with takes demo, tests, sets or all.' ;;
        esac
        shift 2
        ;;
      --quiet) quiet=true && shift ;;
      --) shift && break ;;
      -*) die "$1 is no option; there are --with and --quiet." ;;
      *) break ;;
    esac
  done
  mkdir -p "$root/build"
  check_node
  local debian=false
  find_emscripten || { debian=true && packages+=(emscripten); }
  ensure_packages "${packages[@]}"
  [[ $browser == false ]] || ensure_browser
  [[ $debian == false ]] || use_debian_emscripten
  ensure_cjson
  ensure_npm_packages
  export EMSCRIPTEN_ROOT CMAKE_BUILD_PARALLEL_LEVEL=${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}
  (($# == 0)) || exec "$@"
}

main "$@"
