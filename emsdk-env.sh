#!/usr/bin/env bash
export EMSCRIPTEN_ROOT=/usr/share/emscripten NODE_PATH=/usr/share/nodejs
exec "$@"
