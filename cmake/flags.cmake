# Compiler flags as a target, and cJSON, which every build compiles in from its release source.

add_library(modelspider_flags INTERFACE)
target_compile_features(modelspider_flags INTERFACE c_std_11)
# The same source gives the same bits everywhere: no contraction into fused multiply-add.
target_compile_options(modelspider_flags INTERFACE
  -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -Wstrict-prototypes
  -Wmissing-prototypes -Wvla -Werror -fno-math-errno -ffp-contract=off)
if(EMSCRIPTEN)
  # Every engine that has SIMD128 also copies memory, extends signs and saturates integers in one
  # instruction each.
  target_compile_options(modelspider_flags INTERFACE
    -msimd128 -mbulk-memory -msign-ext -mnontrapping-fptoint)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  # What WebAssembly's SIMD128 needs of an x86 processor.
  target_compile_options(modelspider_flags INTERFACE -msse4.1)
endif()

option(MODELSPIDER_SANITIZE "Address and undefined-behaviour sanitizers" OFF)
if(MODELSPIDER_SANITIZE)
  target_compile_options(modelspider_flags INTERFACE
    -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(modelspider_flags INTERFACE -fsanitize=address,undefined)
endif()

option(MODELSPIDER_FUZZ "The fuzz targets, which need clang" OFF)
if(MODELSPIDER_FUZZ)
  target_compile_options(modelspider_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

set(MODELSPIDER_CJSON_DIR "${PROJECT_SOURCE_DIR}/build/cjson" CACHE PATH
  "Folder with cJSON.c and cJSON.h of release 1.7.15 (emsdk-env.sh puts them there)")
if(NOT EXISTS "${MODELSPIDER_CJSON_DIR}/cJSON.c")
  message(FATAL_ERROR
    "cJSON.c is not in ${MODELSPIDER_CJSON_DIR}. Run ./emsdk-env.sh true once, or set "
    "MODELSPIDER_CJSON_DIR to a folder with cJSON 1.7.15.")
endif()
# Its functions get names of ours, so that a program may link another cJSON beside this library.
file(STRINGS "${MODELSPIDER_CJSON_DIR}/cJSON.h" declarations REGEX "^CJSON_PUBLIC")
set(names "")
foreach(declaration IN LISTS declarations)
  string(REGEX REPLACE "^CJSON_PUBLIC\\([^)]*\\) *([A-Za-z_]+).*" "\\1" name "${declaration}")
  string(APPEND names "#define ${name} ms_${name}\n")
endforeach()
file(CONFIGURE OUTPUT cjson_names.h CONTENT "${names}")
add_library(modelspider_cjson INTERFACE)
target_compile_options(modelspider_cjson INTERFACE
  -include ${CMAKE_CURRENT_BINARY_DIR}/cjson_names.h)
target_include_directories(modelspider_cjson SYSTEM INTERFACE
  $<BUILD_INTERFACE:${MODELSPIDER_CJSON_DIR}>)
