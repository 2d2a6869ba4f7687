# Constants of modelspider.wasm as instructions that make the same bits from fewer bytes: every engine
# computes them when it compiles. Four equal lanes, 8 bytes for 18; whole numbers, 3 to 5 for 5 or 9;
# doubles that are floats, 6 for 9.
s/\(v128\.const i32x4 (0x[0-9a-f]{8}) \1 \1 \1\)/(i32x4.splat (i32.const \1))/
s/\((f32|f64)\.const (0|-?[1-9][0-9]{0,5})\)/(\1.convert_i32_s (i32.const \2))/
s/\(f64\.const (-?(0\.125|0\.25|0\.5|inf))\)/(f64.promote_f32 (f32.const \1))/
