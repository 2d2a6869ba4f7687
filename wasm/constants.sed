# Constants of modelspider.wasm as instructions that make the same bits from fewer bytes: every engine
# computes them when it compiles. Four equal lanes, 8 bytes for 18; whole doubles, 3 to 6 for 9.
s/\(v128\.const i32x4 (0x[0-9a-f]{8}) \1 \1 \1\)/(i32x4.splat (i32.const \1))/
s/\(f64\.const (0|-?[1-9][0-9]{0,5})\)/(f64.convert_i32_s (i32.const \1))/
